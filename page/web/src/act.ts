// What buttons and keys do to time: the same few requests from everywhere.
import { S, told } from './state'
import { ask, tell } from './wire'

export const speeds = [0.000001, 0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 10, 100]
export function speedText(s: number): string { return s >= 1 ? `${s}×` : `1/${Math.round(1 / s)}×` }

export function runOrPause() { tell('time', { op: S.clock.state === 'running' ? 'pause' : 'run' }) }
export function hop() { tell('time', S.path.packet ? { op: 'hop', packet: S.path.packet } : { op: 'hop' }) }
export function event() { tell('time', { op: 'event' }) }
export function drop() { tell('time', { op: 'drop' }) }
export function speed(by: number) {
  const now = S.clock.speed || 1
  let i = speeds.findIndex(s => s >= now * .999)
  if (i < 0) i = speeds.length - 1
  tell('time', { op: 'speed', speed: speeds[Math.max(0, Math.min(speeds.length - 1, i + by))] })
}
// back goes to what happened last before now: a hop of the followed packet, else a mark, else a second.
export function back(to?: number) {
  if (to === undefined) {
    const now = S.clock.now
    const times = [...S.path.hops.map(h => h.at), ...(S.bar?.marks ?? []).map(m => m.at), ...(S.bar?.drops ?? [])].filter(t => t < now - 1)
    to = times.length ? Math.max(...times, now - 1_000_000) : Math.max(S.bar?.from ?? 0, now - 1_000_000)
  }
  tell('time', { op: 'back', at: Math.max(0, Math.round(to)) })
}

// look selects a packet, follows it and lights its path; no clock moves.
export function look(packet: number, hopAt = -1) {
  S.selected = packet
  S.hopAt = hopAt
  told('select')
  if (packet) ask('follow', { packet }).catch(() => {})
}
