// The connection to the server: requests with their replies, messages into the state, and again after it was lost.
import type { Msg, Topo } from './contract'
import { S, say, told } from './state'
import { lang, w } from './words'

type Pending = { ok: (data: any) => void, bad: (e: Error) => void }

// Where messages come from: a server, or the recording that the document holds.
export type Source = { send(req: any): void }

let source: Source | null = null
let next = 1
const waiting = new Map<number, Pending>()
const listeners: ((m: Msg) => void)[] = []

// listen hears every message after the state has taken it: terminals, the drawing's moving packets.
export function listen(fn: (m: Msg) => void) { listeners.push(fn) }

export function ask<T = any>(what: string, args: Record<string, unknown> = {}): Promise<T> {
  const id = next++
  return new Promise<T>((ok, bad) => {
    if (!source) { bad(new Error(w('noConnection'))); return }
    waiting.set(id, { ok, bad })
    source.send({ id, do: what, ...args })
  })
}

// tell sends what gets no reply, or whose reply is a message of its own; an error is said.
export function tell(what: string, args: Record<string, unknown> = {}) {
  ask(what, args).catch((e: Error) => say('error', e.message))
}
export function raw(what: string, args: Record<string, unknown>) { source?.send({ do: what, ...args }) }

export function attach(s: Source | null) { source = s }

export function take(m: Msg) {
  switch (m.t) {
    case 'reply': {
      const p = waiting.get(m.id)
      waiting.delete(m.id)
      if (p) m.ok ? p.ok(m.data) : p.bad(new Error(m.error))
      return
    }
    case 'hello':
      S.hello = m; S.rows = []; S.total = 0; S.terms = []; S.tasks = null
      told('hello', 'rows', 'terms', 'tasks')
      break
    case 'clock': S.clock = m; told('clock'); break
    case 'topo': topo(m.topo); break
    case 'terms': S.terms = m.list; told('terms'); break
    case 'bar': S.bar = m; told('bar'); break
    case 'tasks': S.tasks = m; told('tasks'); break
    case 'packets': {
      S.total = m.total
      merge(m.rows)
      told('rows')
      break
    }
    case 'path': S.path = { packet: m.packet, hops: m.hops }; told('path'); break
    case 'say': say(m.level, m.text, 60000); break // the server's words, and the teacher's, stay a minute
  }
  for (const fn of listeners) fn(m)
}

// topo takes a new topology. Where only counters moved, the one that is drawn stays, with its counters: a layout is made for
// what is new only.
let shape = ''
function topo(t: Topo) {
  const now = JSON.stringify([t.nodes, t.ifaces.map(i => [i.id, i.node, i.kind, i.mac, i.addrs, i.up, i.carrier, i.mtu, i.peer, i.master, i.vni]), t.links, t.published, t.networks])
  if (S.topo && now === shape) {
    t.ifaces.forEach((i, k) => { const o = S.topo!.ifaces[k]; o.rx = i.rx; o.tx = i.tx; o.drops = i.drops })
    return
  }
  shape = now
  S.topo = t
  told('topo')
}

// merge takes new and changed rows into the list, which stays ordered by packet.
function merge(rows: typeof S.rows) {
  if (!rows.length) return
  const list = S.rows.slice()
  for (const r of rows) {
    let lo = 0, hi = list.length
    while (lo < hi) { const mid = (lo + hi) >> 1; if (list[mid].packet < r.packet) lo = mid + 1; else hi = mid }
    if (list[lo]?.packet === r.packet) list[lo] = r
    else list.splice(lo, 0, r)
  }
  S.rows = list
}

// The reply to a filter replaces the list.
export async function filterPackets(filter: string) {
  S.filter = filter
  try {
    const got = await ask('packets', { filter, from: 0, count: 2000, hops: false })
    S.rows = []; S.total = got.total; S.filterError = ''
    merge(got.rows)
  } catch (e) { S.filterError = (e as Error).message }
  told('rows')
}

export function connect(at?: { lab: string, watch: string }): () => void {
  const q = new URLSearchParams(location.search)
  const url = new URL('/ws', location.href)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  url.searchParams.set('lab', at?.lab ?? q.get('lab') ?? '')
  url.searchParams.set('lang', lang())
  const watch = at?.watch ?? q.get('watch')
  if (watch) { url.searchParams.set('watch', watch); S.watching = watch }
  let closed = false
  let now: WebSocket | null = null
  let tries = 0
  let timer = 0
  const open = () => {
    clearTimeout(timer)
    S.link = 'connecting'; told('link')
    const ws = now = new WebSocket(url)
    ws.onopen = () => {
      tries = 0
      source = { send: r => { if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify(r)) } }
      S.link = 'up'; told('link')
      if (S.filter) void filterPackets(S.filter)
    }
    ws.onmessage = e => take(JSON.parse(e.data))
    ws.onclose = () => {
      if (closed) return
      source = null
      for (const p of waiting.values()) p.bad(new Error(w('noConnection')))
      waiting.clear()
      const wait = Math.min(15, [1, 1, 2, 3, 5, 8, 15][tries] ?? 15)
      tries++
      S.link = 'down'; S.retryAt = Date.now() + wait * 1000; told('link')
      timer = window.setTimeout(open, wait * 1000)
    }
  }
  retry = () => { if (S.link === 'down') open() }
  open()
  return () => { closed = true; clearTimeout(timer); now?.close() }
}
export let retry = () => {}
