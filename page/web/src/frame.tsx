// The frame of every view: the bar, the work area with its splits, the time bar, and on a phone the tabs at the bottom.
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Brand, I, Steps, type Icon } from './icons'
import { keep, kept, S, show, told, unsay, use, type Pane, type View } from './state'
import { retry } from './wire'
import { lang, seconds, setLanguage, w } from './words'
import { tell } from './wire'
import { back } from './act'

export function setTheme(t: 'light' | 'dark', remember = true) {
  document.documentElement.dataset.theme = t
  if (remember) keep('theme', t)
}
export function startTheme() {
  const q = new URLSearchParams(location.search)
  const own = q.has('dark') ? 'dark' : q.has('light') ? 'light' : kept('theme')
  const dark = matchMedia('(prefers-color-scheme: dark)')
  setTheme(own === 'dark' || own === 'light' ? own : dark.matches ? 'dark' : 'light', false)
  dark.addEventListener('change', () => { if (!kept('theme')) setTheme(dark.matches ? 'dark' : 'light', false) })
}
function flip() { setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark') }
function flipLanguage() {
  setLanguage(lang() === 'zh' ? 'en' : 'zh')
  if (S.hello && !S.recorded) tell('lang', { lang: lang() })
}

export function Ends({ help = true }: { help?: boolean }) {
  use('lang', 'theme')
  return <>
    <button class="btn quiet opt" lang={lang() === 'zh' ? 'en' : 'zh'} onClick={flipLanguage}>{w('otherLanguage')}</button>
    <button class="btn quiet" aria-label={w('lightOrDark')} title={w('lightOrDark')} onClick={flip}><I n="sun" /></button>
    {help && <button class="btn quiet opt" aria-label={w('help')} title={w('help')} onClick={() => { S.help = true; told('view') }}><kbd>?</kbd></button>}
  </>
}

const views: [View, Icon][] = [['network', 'terminal'], ['packets', 'list'], ['tables', 'table'], ['explain', 'why']]

export function BarTop() {
  use('view', 'hello', 'tasks', 'lang')
  const t = S.tasks
  const title = S.hello?.lab?.title ?? S.hello?.scenario ?? ''
  return <header class="bar">
    {S.recorded ? <span class="brand"><Brand /><span class="lbl">dnetsim</span></span> : <a class="brand" href="/" title={w('allLabs')} aria-label={'dnetsim, ' + w('allLabs')}><Brand /><span class="lbl">dnetsim</span></a>}
    <span class="crumb"><h1>{title}</h1>{S.recorded && <span class="tag">{w('recorded')}</span>}{S.watching && <span class="tag amber"><I n="eye" />{w('watching', S.watching)}</span>}</span>
    <nav class="views" aria-label={w('views')}>{views.map(([v, i], k) => <a key={v} href={'#' + v} aria-current={S.view === v ? 'page' : undefined} aria-keyshortcuts={String(k + 1)} onClick={e => { e.preventDefault(); show(v) }}><I n={i} />{w(v)}</a>)}</nav>
    <span class="sp" />
    {t && t.tasks.length > 0 && <><span class="num soft opt lbl2">{w('doneOf', t.done, t.tasks.length)}</span><span class="opt"><Steps done={t.done} of={t.tasks.length} /></span><span class="bot num"><b>{t.done}/{t.tasks.length}</b></span></>}
    <Ends />
  </header>
}

const phone: [string, Icon, View, Pane][] = [['tasks', 'tasks', 'network', 'side'], ['path', 'vxlan', 'network', 'map'], ['terminal', 'terminal', 'network', 'dock'], ['packets', 'list', 'packets', 'dock'], ['explain', 'why', 'explain', 'side']]

export function TabBar() {
  use('view', 'lang')
  return <nav class="tabbar" aria-label={w('panes')}>{phone.map(([word, icon, v, p]) => {
    const on = S.view === v && (v !== 'network' || S.pane === p)
    return <button key={word} aria-current={on ? 'page' : undefined} onClick={() => show(v, p)}><I n={icon} />{w(word as 'tasks')}</button>
  })}</nav>
}

// Split is the line between two panes: it can be dragged, moved by keys, and put back by a double click. The size is kept for each view.
export function Split({ name, axis, of, from, min, max }: { name: string, axis: 'x' | 'y', of: string, from: number, min: number, max: number }) {
  use('view')
  const key = `${S.view}.${name}`
  const [size, set] = useState(() => +(kept(key) ?? 0) || from)
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => { set(+(kept(key) ?? 0) || from) }, [key])
  useEffect(() => { ref.current?.closest<HTMLElement>('.work')?.style.setProperty('--' + of, size === from ? '' : size + 'px') }, [size, key])
  const put = (n: number) => { const v = Math.round(Math.max(min, Math.min(max, n))); set(v); keep(key, v === from ? null : String(v)) }
  return <div ref={ref} class={'split ' + axis} role="separator" tabIndex={0} aria-label={w('sep')} aria-orientation={axis === 'x' ? 'vertical' : 'horizontal'} aria-valuenow={size} aria-valuemin={min} aria-valuemax={max}
    onDblClick={() => { set(from); keep(key, null) }}
    onKeyDown={e => { const d = e.key === (axis === 'x' ? 'ArrowLeft' : 'ArrowUp') ? 20 : e.key === (axis === 'x' ? 'ArrowRight' : 'ArrowDown') ? -20 : 0; if (d) { put(size + d); e.preventDefault(); e.stopPropagation() } }}
    onPointerDown={e => {
      const start = axis === 'x' ? e.clientX : e.clientY
      const t = e.currentTarget
      t.setPointerCapture(e.pointerId)
      const move = (v: PointerEvent) => put(size + start - (axis === 'x' ? v.clientX : v.clientY))
      const end = () => { t.removeEventListener('pointermove', move); t.removeEventListener('pointerup', end) }
      t.addEventListener('pointermove', move)
      t.addEventListener('pointerup', end)
    }} />
}

// What is said to the user: errors stay, the rest goes by itself. And whether there is a connection, and whether the world stands.
export function Says() {
  use('say', 'link', 'clock', 'lang')
  const [, tick] = useState(0)
  useEffect(() => { if (S.link !== 'down') return; const t = setInterval(() => tick(n => n + 1), 500); return () => clearInterval(t) }, [S.link])
  const c = S.clock
  return <>
    <div class="says" aria-live="polite">
      {S.link === 'down' && <div class="toast error" role="alert"><span class="tag red"><I n="cross" />{w('error')}</span><b>{w('noConnection')}</b><span>{w('tryingAgain', Math.max(0, Math.ceil((S.retryAt - Date.now()) / 1000)))}</span><button class="btn" onClick={() => retry()}>{w('tryNow')}</button></div>}
      {S.link === 'connecting' && !S.hello && !S.recorded && <div class="toast"><span class="tag blue"><I n="doing" />{w('connecting')}</span></div>}
      {c.error && <div class="toast error" role="alert"><span class="tag red"><I n="cross" />{w('error')}</span><b>{w('worldStopped', seconds(c.now), c.error)}</b><span>{w('keptSoFar')}</span><button class="btn" onClick={() => back(Math.max(0, c.now - 1e6))}>{w('goBackTo', (Math.max(0, c.now - 1e6) / 1e6).toFixed(1))}</button></div>}
      {c.state === 'busy' && <div class="toast"><span class="tag blue"><I n="doing" />{w('busy')}</span><b>{w('replaying', seconds(c.now))}</b></div>}
      {S.says.map(s => <div key={s.n} class={'toast ' + s.level} role={s.level === 'error' ? 'alert' : undefined}>{s.level !== 'info' && <span class={'tag ' + (s.level === 'error' ? 'red' : 'amber')}><I n={s.level === 'error' ? 'cross' : 'why'} />{w(s.level === 'error' ? 'error' : 'warning')}</span>}<span>{s.text}</span><button class="btn quiet" aria-label={w('close')} onClick={() => unsay(s.n)}><I n="cross" /></button></div>)}
    </div>
    <Spoken />
  </>
}

// The step and its place are said politely, drops at once.
function Spoken() {
  use('path', 'clock', 'node')
  const step = S.clock.step
  const last = (step && S.path.hops[step.hop - 1]) ?? S.path.hops[S.path.hops.length - 1]
  const drop = last?.verb === 'drop'
  const text = S.clock.state === 'paused' && last ? (S.clock.step?.text || `${last.verb} ${last.place} ${last.info}`) : ''
  return <><div class="vh" aria-live="polite">{drop ? '' : text}</div><div class="vh" aria-live="assertive">{drop && S.clock.state === 'paused' ? `${w('diedOn', last.place)}: ${last.why ?? ''}` : ''}</div><div class="vh" aria-live="polite">{S.node}</div></>
}

// A dialog over the page: Escape closes, the focus stays inside and goes back to where it was.
export function Dialog({ title, close, children }: { title: string, close: () => void, children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const was = document.activeElement as HTMLElement | null
    ref.current?.showModal()
    return () => was?.focus()
  }, [])
  return <dialog ref={ref} aria-label={title} onClose={close} onCancel={close} onClick={e => { if (e.target === ref.current) close() }}>
    <div class="ph"><h2>{title}</h2><span class="sp" /><button class="btn quiet" aria-label={w('close')} onClick={close}><I n="cross" /></button></div>
    <div class="scroll">{children}</div>
  </dialog>
}
