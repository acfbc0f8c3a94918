// What the page knows, and who wants to hear that it changed. One object, one writer (wire.ts and what the user presses); a
// component names the topics that it reads with use(), and is drawn again when one of them is told.
import { useLayoutEffect, useReducer } from 'preact/hooks'
import type { Bar, Clock, Hello, Hop, PacketRow, Say, Tasks, TermInfo, Topo } from './contract'

export type View = 'network' | 'packets' | 'tables' | 'explain'
export type Pane = 'map' | 'dock' | 'side'

export const S = {
  hello: null as Hello | null,
  clock: { t: 'clock', now: 0, state: 'paused', speed: 1, end: 0 } as Clock,
  topo: null as Topo | null,
  terms: [] as TermInfo[],
  bar: null as Bar | null,
  tasks: null as Tasks | null,
  rows: [] as PacketRow[], // what the filter lets through, by packet
  total: 0,
  filter: '', filterError: '',
  selected: 0, // the packet that is looked at; choosing it moves no clock
  hopAt: 0,    // which of its hops
  path: { packet: 0, hops: [] as Hop[] },
  says: [] as (Say & { n: number })[],
  link: 'off' as 'off' | 'connecting' | 'up' | 'down',
  retryAt: 0,
  recorded: false, watching: '', teacher: false,
  view: 'network' as View, pane: 'map' as Pane,
  node: '', // the device that is chosen: in the drawing, in the tables
  story: false, help: false,
}

export type Topic = 'hello' | 'clock' | 'topo' | 'terms' | 'bar' | 'tasks' | 'rows' | 'select' | 'path' | 'say' | 'link' | 'view' | 'node' | 'lang' | 'theme'
const heard = new Map<Topic, Set<() => void>>()

export function on(topic: Topic, fn: () => void): () => void {
  let set = heard.get(topic)
  if (!set) heard.set(topic, set = new Set())
  set.add(fn)
  return () => { set.delete(fn) }
}

let version = 0
export function told(...topics: Topic[]) {
  version++
  for (const t of topics) for (const fn of [...heard.get(t) ?? []]) fn()
}

// use draws the calling component again whenever one of the topics is told.
export function use(...topics: Topic[]) {
  const [, again] = useReducer((n: number) => n + 1, 0)
  const seen = version
  useLayoutEffect(() => {
    const off = topics.map(t => on(t, () => again(undefined as never)))
    if (version !== seen) again(undefined as never) // told between drawing and listening
    return () => off.forEach(f => f())
  }, [])
}

// Small things remembered in this browser: language, theme, sizes of panes, single-letter keys.
export function kept(key: string): string | null {
  try { return localStorage.getItem('dnetsim.' + key) } catch { return null }
}
export function keep(key: string, value: string | null) {
  try { value === null ? localStorage.removeItem('dnetsim.' + key) : localStorage.setItem('dnetsim.' + key, value) } catch { /* private window */ }
}

let sayings = 0
export function say(level: Say['level'], text: string, ms = 8000) {
  S.says = [...S.says.slice(-3), { t: 'say', level, text, n: ++sayings }]
  const mine = sayings
  if (level !== 'error') setTimeout(() => { S.says = S.says.filter(s => s.n !== mine); told('say') }, ms)
  told('say')
}
export function unsay(n: number) { S.says = S.says.filter(s => s.n !== n); told('say') }

// The packet and the device that are looked at outlive a reload of this tab.
const place = 'dnetsim.place'
export function remember() {
  try { sessionStorage.setItem(place, JSON.stringify({ at: location.search, selected: S.selected, hopAt: S.hopAt, node: S.node, pane: S.pane, filter: S.filter })) } catch { /* private window */ }
}
export function recall() {
  try {
    const was = JSON.parse(sessionStorage.getItem(place) ?? 'null')
    if (was?.at === location.search) Object.assign(S, { selected: was.selected, hopAt: was.hopAt, node: was.node, pane: was.pane, filter: was.filter ?? '' })
  } catch { /* nothing kept */ }
}

export function show(view: View, pane?: Pane) {
  S.view = view
  if (pane) S.pane = pane
  const url = new URL(location.href)
  url.hash = view === 'network' ? '' : view
  if (url.protocol !== 'file:') history.replaceState(null, '', url)
  told('view')
}
