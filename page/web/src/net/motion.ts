// Packets that glide along their lines. Above twenty hops a second only the followed packet moves; with reduced motion none does.
import { listen } from '../wire'
import type { Move } from '../contract'
import { S } from '../state'
import { along, type Router } from './route'
import type { Pt } from './scene'

type Stage = { g: SVGGElement | null, route: Router | null, k: number, level: number }
type Run = { pts: Pt[], start: number, took: number, e: SVGGElement, drop: boolean, ended: boolean }

const stages = new Set<() => Stage>()
const runs = new Set<Run>()
let recent: number[] = []
let frame = 0
const calm = matchMedia('(prefers-reduced-motion: reduce)')

listen(m => { if (m.t === 'moves') for (const stage of stages) moves(m.list, stage()) })

export function moving(stage: () => Stage): () => void {
  stages.add(stage)
  return () => { stages.delete(stage) }
}

function moves(list: Move[], s: Stage) {
  if (!s.g || !s.route || document.hidden || calm.matches) return
  const t = performance.now()
  recent = recent.filter(v => t - v < 1000)
  let wait = 0
  for (const m of list) {
    recent.push(t)
    const followed = m.packet === S.path.packet || m.parent === S.path.packet
    if (recent.length > 20 && !followed || runs.size > 40) continue
    const here = m.drop ? s.route.at(m.to) : undefined
    const pts = s.route.way(m.from, m.to) ?? (here ? [here, here] as Pt[] : undefined)
    if (!pts) continue
    const took = S.clock.state === 'running' && S.clock.speed >= 1 ? 160 : 240
    const e = document.createElementNS('http://www.w3.org/2000/svg', 'g')
    e.setAttribute('class', 'pk ghost')
    const scale = s.level === 3 ? .8 : .8 / s.k
    const part = (cls: string, x: number, y: number, w: number, h: number) => {
      const r = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
      for (const [k, v] of Object.entries({ class: cls, x: x * scale, y: y * scale, width: w * scale, height: h * scale, rx: 2 * scale })) r.setAttribute(k, String(v))
      e.append(r)
    }
    part('', -17, -9, 34, 18)
    if (m.parent && m.kind !== 'copy' || /vxlan/i.test(m.label)) part('in', -8, -4.5, 16, 9)
    s.g.append(e)
    const run: Run = { pts, start: t + wait, took, e, drop: !!m.drop, ended: false }
    e.style.visibility = 'hidden'
    runs.add(run)
    if (S.clock.state !== 'running') wait += took * .8
  }
  if (!frame && runs.size) frame = requestAnimationFrame(step)
}

function step(t: number) {
  frame = 0
  for (const r of runs) {
    const share = (t - r.start) / r.took
    if (share < 0) continue
    if (share >= 1) {
      if (r.drop && !r.ended) { r.ended = true; r.e.setAttribute('class', 'dead ghost'); r.e.innerHTML = ''; const c = document.createElementNS('http://www.w3.org/2000/svg', 'circle'); c.setAttribute('r', '8'); r.e.append(c); const [x, y] = along(r.pts, 1); r.e.setAttribute('transform', `translate(${x} ${y})`); continue }
      if (r.drop && share < 4) continue
      r.e.remove(); runs.delete(r)
      continue
    }
    const ease = share < .5 ? 2 * share * share : 1 - 2 * (1 - share) * (1 - share)
    const [x, y] = along(r.pts, ease)
    r.e.style.visibility = ''
    r.e.setAttribute('transform', `translate(${x} ${y})`)
  }
  if (runs.size) frame = requestAnimationFrame(step)
}
