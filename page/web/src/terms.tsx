// Terminals. What one shows comes from the server and is written into an xterm; every key goes back. An xterm lives as long as
// its terminal does and moves with its tab; the page keeps nothing else of it.
import { Terminal } from '@xterm/xterm'
import { FitAddon } from '@xterm/addon-fit'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { TermInfo } from './contract'
import { I } from './icons'
import { modelOf } from './net/model'
import { keep, kept, on, S, say, told, use } from './state'
import { ask, listen, raw } from './wire'
import { w } from './words'

type Live = { term: number, x: Terminal, fit: FitAddon, el: HTMLDivElement, opened: boolean, fresh: boolean, rows: number, cols: number }

const lives = new Map<number, Live>()
const early = new Map<number, string[]>() // output before its xterm
// chosen is the tab in front of each column; moved is where the user put a tab.
const chosen = [0, 0, 0]
const moved = new Map<number, number>()
export const focus = { term: 0, big: false }

const media = matchMedia('(prefers-reduced-motion: reduce)')

function token(name: string): string { return getComputedStyle(document.documentElement).getPropertyValue(name).trim() }
function theme() {
  return {
    background: token('--paper'), foreground: token('--ink2'), cursor: token('--blue'), cursorAccent: token('--paper'), selectionBackground: token('--blue-soft'), scrollbarSliderBackground: token('--line'), scrollbarSliderHoverBackground: token('--edge'), scrollbarSliderActiveBackground: token('--edge'), overviewRulerBorder: token('--paper'),
    black: token('--ink'), white: token('--ink2'), brightWhite: token('--ink'), brightBlack: token('--ink3'),
    red: token('--red'), brightRed: token('--red'), green: token('--ok'), brightGreen: token('--ok'), yellow: token('--amber'), brightYellow: token('--amber'),
    blue: token('--blue'), brightBlue: token('--blue'), magenta: token('--ink'), brightMagenta: token('--ink'), cyan: token('--blue'), brightCyan: token('--blue'),
  }
}

function live(term: number): Live {
  let l = lives.get(term)
  if (l) return l
  const x = new Terminal({
    fontFamily: token('--mono'), fontSize: 12, lineHeight: 1.2, cursorBlink: !media.matches, scrollback: 4000, theme: theme(), allowProposedApi: false,
    screenReaderMode: kept('reader') === 'on', disableStdin: S.recorded || !!S.watching, minimumContrastRatio: 4.5, overviewRuler: { width: 9 },
  })
  const fit = new FitAddon()
  x.loadAddon(fit)
  const el = document.createElement('div')
  el.className = 'xt'
  l = { term, x, fit, el, opened: false, fresh: false, rows: 0, cols: 0 }
  lives.set(term, l)
  x.onData(data => raw('term.keys', { term, data }))
  x.onSelectionChange(() => {})
  x.attachCustomKeyEventHandler(e => {
    if (e.ctrlKey && (e.code === 'Backquote' || e.shiftKey && (e.key === 'ArrowLeft' || e.key === 'ArrowRight')) || e.ctrlKey && e.key === '\\') return false
    if (e.ctrlKey && e.shiftKey && e.code === 'KeyC' && e.type === 'keydown') { const t = x.getSelection(); if (t) { e.preventDefault(); void navigator.clipboard?.writeText(t) } return false }
    if (e.ctrlKey && e.shiftKey && e.code === 'KeyV') return false
    return true
  })
  for (const d of early.get(term) ?? []) x.write(d)
  early.delete(term)
  return l
}

listen(m => {
  if (m.t === 'hello') { for (const l of lives.values()) { l.x.dispose(); l.el.remove() } lives.clear(); early.clear(); chosen.fill(0); moved.clear() }
  if (m.t === 'out') {
    const l = lives.get(m.term)
    if (l) l.x.write(m.data)
    else early.set(m.term, [...early.get(m.term) ?? [], m.data])
    if (!chosen.includes(m.term) && l && !l.fresh) { l.fresh = true; told('terms') }
    if (!l && !fresh.has(m.term)) { fresh.add(m.term) }
  }
  if (m.t === 'terms') {
    for (const [t, l] of lives) if (!m.list.some(o => o.term === t)) { l.x.dispose(); l.el.remove(); lives.delete(t) }
    if (!m.list.length) void openFirst()
  }
})
const fresh = new Set<number>()
new MutationObserver(() => told('theme')).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
on('theme', () => { for (const l of lives.values()) l.x.options.theme = theme() })

let opening = false
async function openFirst() {
  if (opening || S.recorded || S.watching) return
  opening = true
  for (let i = 0; i < 40 && !S.topo; i++) await new Promise(r => setTimeout(r, 100))
  if (S.terms.length) { opening = false; return }
  try { for (const h of hostPlaces().slice(0, 2)) await open(h, false) } catch { /* said already */ }
  opening = false
}

export async function open(place: string, take = true): Promise<number> {
  try {
    const { term } = await ask<{ term: number }>('term.open', { place, rows: 14, cols: 74 })
    if (take) { choose(term); setTimeout(() => focusTerm(term), 60) }
    return term
  } catch (e) { say('error', (e as Error).message); return 0 }
}

// typeLine types a line in a terminal at a place, opening one if it must, and brings it to the front.
export async function typeLine(place: string, line: string) {
  const { term } = await ask<{ term: number }>('type', { place, line })
  choose(term)
  setTimeout(() => { if (S.terms.some(t => t.term === term)) choose(term) }, 150)
}

export function columnOf(t: TermInfo): number {
  const put = moved.get(t.term)
  if (put !== undefined) return put
  const host = t.place.split('/')[0]
  const hosts = hostPlaces()
  if (hosts.length < 2) return t.place.includes('/') ? 1 : 0
  return hosts.indexOf(host) >= Math.ceil(hosts.length / 2) ? 1 : 0
}

function choose(term: number) {
  const t = S.terms.find(o => o.term === term)
  const col = t ? columnOf(t) : 0
  chosen[col] = term
  focus.term = term
  const l = lives.get(term)
  if (l) l.fresh = false
  fresh.delete(term)
  told('terms')
}

export function focusTerm(term = focus.term) {
  const t = term || S.terms[0]?.term
  if (!t) return
  if (S.pane !== 'dock') { S.pane = 'dock'; told('view') }
  choose(t)
  setTimeout(() => live(t).x.focus(), 0)
}
export function inTerminal(): boolean { return !!document.activeElement?.closest('.xt') }
export function leaveTerminal() { (document.activeElement as HTMLElement | null)?.blur(); document.querySelector<HTMLElement>('svg.net')?.focus({ preventScroll: true }) }
export function nextTerm(by: number) {
  const list = [...S.terms].sort((a, b) => columnOf(a) - columnOf(b) || a.term - b.term)
  if (!list.length) return
  const i = list.findIndex(t => t.term === focus.term)
  focusTerm(list[(i + by + list.length) % list.length].term)
}
export function sendKeys(data: string) { if (focus.term) { raw('term.keys', { term: focus.term, data }); lives.get(focus.term)?.x.focus() } }
export function termAt(place: string): number { return S.terms.filter(t => t.place === place && !t.ended).map(t => t.term)[0] ?? 0 }

// label is a terminal's name on its tab: the container's own name, and its host where two are alike.
function label(t: TermInfo): string {
  const name = t.place.split('/').pop()!
  const twin = S.terms.some(o => o.term !== t.term && o.place !== t.place && o.place.split('/').pop() === name)
  const same = S.terms.filter(o => o.place === t.place)
  return (twin ? t.place : name) + (same.length > 1 ? ` ${same.indexOf(t) + 1}` : '')
}

export function Dock({ only }: { only?: number }) {
  use('terms', 'topo', 'hello', 'lang', 'view')
  const narrow = useNarrow()
  const lists: TermInfo[][] = [[], [], []]
  for (const t of S.terms) lists[narrow || only !== undefined ? 0 : columnOf(t)].push(t)
  const cols = narrow || only !== undefined ? [0] : lists[2].length ? [0, 1, 2] : lists[0].length && lists[1].length || (S.topo ? modelOf(S.topo).hosts.length > 1 : true) ? [0, 1] : lists[1].length ? [0, 1] : [0]
  return <div class="terms" data-cols={cols.length}>
    {cols.map(c => <Column key={c} c={c} list={lists[c]} all={narrow || only !== undefined} />)}
  </div>
}

function useNarrow(): boolean {
  const q = matchMedia('(max-width: 640px)')
  const [n, set] = useState(q.matches)
  useEffect(() => { const f = () => set(q.matches); q.addEventListener('change', f); return () => q.removeEventListener('change', f) }, [])
  return n
}

function Column({ c, list, all }: { c: number, list: TermInfo[], all: boolean }) {
  if (!list.some(t => t.term === chosen[c])) chosen[c] = list[0]?.term ?? 0
  const front = all ? (list.find(t => t.term === focus.term) ?? list.find(t => t.term === chosen[c])) : list.find(t => t.term === chosen[c])
  const [menu, setMenu] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const b = box.current
    if (!b || !front) return
    const l = live(front.term)
    b.replaceChildren(l.el)
    if (!l.opened) { l.x.open(l.el); l.opened = true; label508(l, front) }
    const size = () => {
      if (!b.clientWidth || !b.clientHeight) return
      const p = l.fit.proposeDimensions()
      if (!p || !Number.isFinite(p.cols) || p.cols < 2 || p.rows < 2) return
      if (p.cols !== l.x.cols || p.rows !== l.x.rows) l.x.resize(p.cols, p.rows)
      if (p.cols !== l.cols || p.rows !== l.rows) { l.cols = p.cols; l.rows = p.rows; if (!S.watching && !S.recorded) raw('term.size', { term: l.term, rows: p.rows, cols: p.cols }) }
    }
    size()
    const o = new ResizeObserver(size)
    o.observe(b)
    const seen = () => { if (focus.term !== l.term) { focus.term = l.term; told('terms') } }
    l.el.addEventListener('focusin', seen)
    return () => { o.disconnect(); l.el.removeEventListener('focusin', seen) }
  }, [front?.term])
  const drop = (e: DragEvent) => { const t = +(e.dataTransfer?.getData('text/plain') ?? 0); if (t && S.terms.some(o => o.term === t)) { e.preventDefault(); const b = (e.currentTarget as HTMLElement).getBoundingClientRect(); moved.set(t, c === 1 && e.clientX > b.right - 80 ? 2 : c); choose(t) } }
  return <section class={'term' + (list.some(t => t.term === focus.term) ? ' f' : '')} onDragOver={e => e.preventDefault()} onDrop={drop as never}>
    <div class="tabs">
      <div class="tablist" role="tablist" aria-label={w('terminals')}>
        {list.map(t => <button key={t.term} role="tab" id={'tab' + t.term} aria-selected={t === front} aria-controls={'term' + c} tabIndex={t === front ? 0 : -1} draggable title={t.place}
          onDragStart={e => e.dataTransfer?.setData('text/plain', String(t.term))}
          onClick={() => focusTerm(t.term)} onKeyDown={e => { const i = list.indexOf(t) + (e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0); if (!e.ctrlKey && list[i] && list[i] !== t) { choose(list[i].term); document.getElementById('tab' + list[i].term)?.focus(); e.preventDefault() } if (e.key === 'Delete') closeTerm(t) }}
          onAuxClick={e => { if (e.button === 1) closeTerm(t) }}>
          {label(t)}{t.ended && <span class="dim">{w('ended')}</span>}{lives.get(t.term)?.fresh && t !== front && <span class="dot"><span class="vh">{w('newOutput')}</span></span>}
        </button>)}
      </div>
      <span class="sp" />
      {front && !S.recorded && !S.watching && <button class="tx" aria-label={w('closeTerminal', label(front))} title={w('closeTerminal', label(front))} onClick={() => closeTerm(front)}><I n="cross" /></button>}
      {S.watching ? <span class="tag ro"><I n="eye" />{w('youWatch')}</span> : !S.recorded && <button class="tx" aria-label={w('newTerminal')} title={w('newTerminal')} aria-haspopup="menu" aria-expanded={menu} onClick={() => setMenu(!menu)}><I n="plus" /></button>}
      {menu && <Places c={c} done={() => setMenu(false)} />}
    </div>
    <div class="tty" id={'term' + c} role="tabpanel" aria-labelledby={front ? 'tab' + front.term : undefined}>
      {front ? <div class="ttybox" ref={box} key="box" /> : <div class="empty soft"><p>{w('noTerminal')}</p>{!S.recorded && !S.watching && firstFor(c) && <button class="btn" onClick={() => void open(firstFor(c))}>{w('openOn', firstFor(c))}</button>}</div>}
    </div>
  </section>
}

function label508(l: Live, t: TermInfo) { l.el.querySelector('textarea')?.setAttribute('aria-label', `${w('terminal')} ${t.place}`) }

function closeTerm(t: TermInfo) {
  if (S.recorded || S.watching) return
  raw('term.close', { term: t.term })
}

function firstFor(c: number): string {
  const hosts = hostPlaces()
  return hosts.length < 2 ? hosts[0] ?? '' : c ? hosts[Math.ceil(hosts.length / 2)] : hosts[0]
}

// hostPlaces are the hosts that a shell can be had on: what else has a place is a router or a site.
function hostPlaces(): string[] {
  return S.topo ? modelOf(S.topo).hosts.map(h => h.id) : (S.hello?.places ?? []).filter(p => !p.includes('/'))
}

function places(): string[] {
  const all = new Set<string>()
  for (const n of S.topo?.nodes ?? []) if (n.kind === 'host' && n.state === 'up' || n.kind === 'container' && n.state === 'up') all.add(n.id)
  return [...all].sort()
}

function Places({ c, done }: { c: number, done: () => void }) {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    ref.current?.querySelector('button')?.focus()
    const away = (e: Event) => { if (!ref.current?.contains(e.target as Node)) done() }
    setTimeout(() => document.addEventListener('pointerdown', away))
    return () => document.removeEventListener('pointerdown', away)
  }, [])
  const list = places()
  return <div class="menu" role="menu" ref={ref} onKeyDown={e => {
    const b = [...ref.current!.querySelectorAll('button')]
    const i = b.indexOf(document.activeElement as HTMLButtonElement)
    if (e.key === 'Escape') { done(); e.stopPropagation() }
    if (e.key === 'ArrowDown') { b[(i + 1) % b.length]?.focus(); e.preventDefault() }
    if (e.key === 'ArrowUp') { b[(i - 1 + b.length) % b.length]?.focus(); e.preventDefault() }
  }}>
    {list.map(p => <button key={p} role="menuitem" onClick={() => { done(); void open(p).then(t => { if (t) { const i = S.terms.find(o => o.term === t); if (!i || columnOf(i) !== c) void 0 } }) }}><I n={p.includes('/') ? 'container' : 'host'} />{p}</button>)}
  </div>
}

// The row of keys that a phone's keyboard lacks.
export function Keys() {
  const [ctrl, setCtrl] = useState(false)
  const press = (k: string) => { if (ctrl && k.length === 1) { sendKeys(String.fromCharCode(k.toUpperCase().charCodeAt(0) & 31)); setCtrl(false) } else sendKeys(k) }
  useEffect(() => {
    if (!ctrl) return
    const f = (e: KeyboardEvent) => { if (e.key.length === 1) { e.preventDefault(); e.stopPropagation(); sendKeys(String.fromCharCode(e.key.toUpperCase().charCodeAt(0) & 31)); setCtrl(false) } }
    document.addEventListener('keydown', f, true)
    return () => document.removeEventListener('keydown', f, true)
  }, [ctrl])
  return <div class="keys"><button onClick={() => press('\t')}>Tab</button><button aria-pressed={ctrl} onClick={() => setCtrl(!ctrl)}>Ctrl</button><button aria-label="↑" onClick={() => press('\x1b[A')}>↑</button><button aria-label="Ctrl C" onClick={() => press('\x03')}>^C</button><button onClick={() => press('|')}>|</button><button onClick={() => press('/')}>/</button><button onClick={() => press('-')}>-</button></div>
}

export function bigDock() { focus.big = !focus.big; keep('big', focus.big ? '1' : null); told('view') }
