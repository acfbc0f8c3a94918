// The time bar, which every view of a lab shares: controls, density of events, drops, checkpoints, where time stands.
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { back, drop, event, hop, runOrPause, speed, speedText } from './act'
import { I } from './icons'
import { S, use } from './state'
import { seconds, w } from './words'

export function TimeBar() {
  use('clock', 'bar', 'select', 'path', 'lang')
  const c = S.clock
  const running = c.state === 'running'
  const state = running ? w('running') : c.state === 'busy' ? w('busy') : c.state === 'asleep' ? w('asleep') : c.state === 'over' ? w('over') : w('pausedState')
  const step = c.step ? w('hopOf', c.step.hop, c.step.of) : S.selected ? w('looking', S.selected) : ''
  const b = (name: 'back' | 'hop' | 'event' | 'nextDrop', icon: 'back' | 'hop' | 'event' | 'drop', key: string, f: () => void) =>
    <button class="btn quiet" title={`${w(name)} (${key})`} aria-label={w(name)} aria-keyshortcuts={key} onClick={f}><I n={icon} /><span class="lbl">{w(name)}</span></button>
  return <footer class="time" aria-label={w('time')}>
    <div class="ctl" role="group" aria-label={w('time')}>
      {b('back', 'back', 'B', () => back())}
      <button class="btn pri main" title={`${running ? w('pause') : w('run')} (Space)`} aria-label={running ? w('pause') : w('run')} onClick={runOrPause}><I n={running ? 'pause' : 'run'} /></button>
      {b('hop', 'hop', '.', hop)}{b('event', 'event', ',', event)}{b('nextDrop', 'drop', 'D', drop)}
      <span class="speed opt"><button class="btn quiet" aria-label={`${w('speed')} −`} title={`${w('speed')} (−)`} onClick={() => speed(-1)}>−</button><span class="num" aria-live="polite" title={w('speed')}>{speedText(c.speed)}</span><button class="btn quiet" aria-label={`${w('speed')} +`} title={`${w('speed')} (+)`} onClick={() => speed(1)}>+</button></span>
    </div>
    <Line />
    <div class="clock"><b>{seconds(c.now)} s</b><div class="meta opt">{[state, step].filter(Boolean).join(' · ')}</div></div>
  </footer>
}

function Line() {
  const ref = useRef<HTMLDivElement>(null)
  const [W, setW] = useState(600)
  const [hover, setHover] = useState<number | null>(null)
  useLayoutEffect(() => {
    const e = ref.current!
    const f = () => setW(Math.max(120, e.clientWidth))
    f()
    const o = new ResizeObserver(f)
    o.observe(e)
    return () => o.disconnect()
  }, [])
  const bar = S.bar, now = S.clock.now
  const from = bar?.from ?? 0
  const to = Math.max(bar?.to ?? 0, S.clock.end, now, from + 1_000_000)
  const span = to - from
  const x = (t: number) => Math.max(0, Math.min(W, (t - from) / span * W))
  const most = Math.max(1, ...(bar?.density ?? []))
  const n = bar?.density.length ?? 0
  const bars = (bar?.density ?? []).map((v, i) => v ? <rect key={i} class="dn" x={i * W / n} y={30 - 4 - Math.sqrt(v / most) * 18} width={Math.max(1, W / n - 1.5)} height={4 + Math.sqrt(v / most) * 18} /> : null)
  const ticks: number[] = []
  const step = nice(span / 1e6 / Math.max(2, W / 110))
  for (let t = Math.ceil(from / 1e6 / step) * step; t <= to / 1e6; t += step) ticks.push(t)
  // Labels of marks, as long as there is room for the next.
  let right = -10
  const labels = (bar?.marks ?? []).filter(m => m.kind !== 'drop').map(m => { const wide = Math.min(m.text.length, 26) * 5.6 + 12; const lx = Math.min(x(m.at), W - wide); const ok = lx > right; if (ok) right = lx + wide; return { m, lx, ok } }).filter(l => l.ok)
  const drops: number[] = []
  for (const d of bar?.drops ?? []) if (!drops.length || x(d) - x(drops[drops.length - 1]) > 5) drops.push(d)
  const at = (e: MouseEvent) => { const b = ref.current!.getBoundingClientRect(); return from + Math.max(0, Math.min(1, (e.clientX - b.left) / b.width)) * span }
  return <div class="tlw" ref={ref} onPointerMove={e => setHover(at(e))} onPointerLeave={() => setHover(null)}>
    <svg class="tl" viewBox={`0 0 ${W} 44`} preserveAspectRatio="none" role="slider" aria-label={w('time')} aria-valuemin={Math.round(from / 1e6)} aria-valuemax={Math.round(to / 1e6)} aria-valuenow={Math.round(now / 1e3) / 1e3} aria-valuetext={`${seconds(now)} s`} tabindex={0}
      onClick={e => { const t = at(e); if (t < now) back(snap(t, span / W * 6)) ; else if (S.recorded || t <= S.clock.end) back(t) }}
      onKeyDown={e => { if (e.key === 'ArrowLeft') { back(); e.preventDefault(); e.stopPropagation() } if (e.key === 'ArrowRight') { event(); e.preventDefault(); e.stopPropagation() } if (e.key === 'Home') { back(from); e.preventDefault() } }}>
      {bars}
      <path class="ax" d={`M0 30H${W}`} />
      <path class="past" d={`M0 30H${x(now)}`} />
      {drops.map(d => <path key={d} class={'x' + (d > now ? ' ahead' : '')} d={`M${x(d) - 3} 24l6 6m0-6l-6 6`} />)}
      {(bar?.marks ?? []).filter(m => m.kind === 'checkpoint').map((m, i) => <path key={i} class="cp" d={`M${x(m.at)} 26l4 4-4 4-4-4z`}><title>{m.text}</title></path>)}
      {hover !== null && <path class="hov" d={`M${x(hover)} 8V36`} />}
      <path class="hd" d={`M${x(now)} 2V36`} /><circle class="hdc" cx={x(now)} cy="30" r="5" />
    </svg>
    {ticks.map(t => <Tick key={t} x={x(t * 1e6) / W} text={step < 1 ? t.toFixed(Math.max(1, Math.ceil(-Math.log10(step)))) : String(Math.round(t))} cls="tk" />)}
    {labels.map((l, i) => <Tick key={'l' + i} x={l.lx / W} text={l.m.text.length > 26 ? l.m.text.slice(0, 25) + '…' : l.m.text} cls="lb" />)}
    {hover !== null && <Tick x={x(hover) / W} text={seconds(hover)} cls="tk hv" />}
  </div>
}

function Tick({ x, text, cls }: { x: number, text: string, cls: string }) { return <span class={cls} style={{ left: `${x * 100}%` }} aria-hidden="true">{text}</span> }

// snap lets a click near a mark or a drop go to just before it.
function snap(t: number, near: number): number {
  const all = [...(S.bar?.marks ?? []).map(m => m.at), ...(S.bar?.drops ?? [])]
  const best = all.reduce((b, v) => Math.abs(v - t) < Math.abs(b - t) ? v : b, Infinity)
  return Math.abs(best - t) <= near ? best : t
}

function nice(s: number): number {
  const p = Math.pow(10, Math.floor(Math.log10(Math.max(s, 1e-6))))
  return [1, 2, 5, 10].map(k => k * p).find(v => v >= s) ?? 10 * p
}
