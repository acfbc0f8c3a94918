// A recording: the page with no server behind it. The document holds what a server would have said, in order of virtual time;
// here the clock is kept, and requests are answered from what was kept. What would need a world is refused in words.
import type { Clock, Hop, Msg, PacketRow, Recording } from './contract'
import { S, told as tell } from './state'
import { attach, take } from './wire'
import { w } from './words'

export function openRecording(r: Recording) {
  S.recorded = true
  S.link = 'up'
  let now = r.from, state: Clock['state'] = 'paused', speed = 1, at = 0, timer = 0
  let followed = 0
  const times = [...new Set([...r.steps.map(s => s.at), ...r.packets.map(p => p.time), ...Object.values(r.details).flatMap(d => d.hops.map(h => h.at))])].sort((a, b) => a - b)
  // The drops that are worth a stop are those that the bar shows, if it tells of any.
  const told = new Set(r.steps.flatMap(s => s.m.t === 'bar' ? s.m.drops : []))
  const ends = r.packets.filter(p => p.fate === 'dropped').map(p => ({ p, t: (r.details[p.packet]?.hops ?? []).find(h => h.verb === 'drop' && h.packet === p.packet)?.at ?? p.time }))
  const drops = ends.some(e => told.has(e.t)) ? ends.filter(e => told.has(e.t)) : ends

  // Every packet's row as it stood at a moment: told of only once it is there, its fate only once it is known.
  const rowAt = (p: PacketRow, t: number): PacketRow => {
    const d = r.details[p.packet]
    const end = d?.hops[d.hops.length - 1]?.at ?? p.time
    return end <= t ? p : { ...p, fate: 'flying', why: undefined, where: undefined }
  }
  const visible = (t: number) => r.packets.filter(p => p.time <= t).map(p => rowAt(p, t))
  const hopsOf = (packet: number): Hop[] => r.details[packet]?.hops ?? []

  const clock = (step?: Clock['step']) => take({ t: 'clock', now, state, speed, end: r.to, step })
  const path = () => {
    const hops = hopsOf(followed).filter(h => h.at <= now)
    take({ t: 'path', packet: followed, hops })
    const last = hops[hops.length - 1]
    return last ? { packet: followed, hop: hops.length, of: hopsOf(followed).length, text: `${last.verb} ${last.place}` } : undefined
  }
  const rows = () => { S.rows = filtered(S.filter, visible(now)); S.total = r.packets.filter(p => p.time <= now).length; tell('rows') }

  // forward lets the steps up to a time happen; what can be replaced is told once, at its last.
  const forward = (to: number, jump: boolean) => {
    const lasting = new Map<string, Msg>()
    while (at < r.steps.length && r.steps[at].at <= to) {
      const m = r.steps[at++].m
      if (m.t === 'packets' || m.t === 'clock' || m.t === 'path' || m.t === 'reply') continue
      if (m.t === 'moves') { if (!jump) take(m); continue }
      if (m.t === 'out' || m.t === 'hello') take(m)
      else lasting.set(m.t, m)
    }
    for (const m of lasting.values()) take(m)
    now = to
  }
  const goTo = (to: number) => {
    to = Math.max(r.from, Math.min(r.to, to))
    if (to < now) { // from the beginning again: terminals are written anew
      const hello = r.steps.find(s => s.m.t === 'hello')
      if (hello) take(hello.m)
      at = 0
      forward(to, true)
    } else forward(to, to - now > 2e6)
    rows()
    clock(path())
  }
  const stop = () => { cancelAnimationFrame(timer); timer = 0; state = 'paused' }
  const play = () => {
    let last = performance.now(), drawn = 0
    state = 'running'
    const frame = (t: number) => {
      const to = Math.min(r.to, now + (t - last) * 1000 * speed)
      last = t
      forward(to, false)
      if (now >= r.to) stop()
      if (t - drawn > 120 || state !== 'running') { drawn = t; rows(); clock(path()) }
      if (state === 'running') timer = requestAnimationFrame(frame)
    }
    timer = requestAnimationFrame(frame)
    clock()
  }

  const answer = (q: any): unknown => {
    switch (q.do) {
      case 'time': {
        if (q.op !== 'speed') stop()
        switch (q.op) {
          case 'run': if (now >= r.to) goTo(r.from); play(); return {}
          case 'pause': clock(path()); return {}
          case 'speed': speed = q.speed; clock(); return {}
          case 'back': goTo(q.at); return {}
          case 'event': { const n = times.find(t => t > now); if (n !== undefined) goTo(n); else clock(); return {} }
          case 'drop': {
            const d = drops.filter(x => x.t > now).sort((a, b) => a.t - b.t)[0]
            if (d) { followed = d.p.packet; S.selected = followed; S.hopAt = -1; goTo(d.t); tell('select') } else clock()
            return {}
          }
          case 'hop': {
            const id = q.packet || followed
            const n = hopsOf(id).find(h => h.at > now)
            if (n) { followed = id; goTo(n.at); return {} }
            // The next packet that sets out.
            const p = r.packets.find(p => p.time > now && !p.parent)
            if (p) { followed = p.packet; goTo(p.time) } else clock()
            return {}
          }
        }
        return {}
      }
      case 'follow': followed = q.packet ?? 0; clock(path()); return {}
      case 'packets': {
        const list = q.hops ? visible(now).flatMap(p => hopsOf(p.packet).filter(h => h.at <= now).map(h => ({ ...p, time: h.at, place: h.place, info: h.info || p.info, why: [h.verb, h.why].filter(Boolean).join(': '), fate: h.verb === 'drop' ? 'dropped' as const : h.verb === 'deliver' ? 'delivered' as const : 'flying' as const }))) : visible(now)
        return { rows: filtered(q.filter, list), total: list.length, first: 0 }
      }
      case 'packet': { const d = r.details[q.packet]; if (!d) throw new Error(w('noBytes')); return { ...d, row: rowAt(d.row, now) } }
      case 'tables': { const t = r.tables.filter(t => t.node === q.node && t.at <= now); return { tables: t[t.length - 1]?.tables ?? r.tables.find(t => t.node === q.node)?.tables ?? [] } }
      case 'explain': { const e = r.explained.find(e => (!q.from || e.from === q.from) && (!q.to || e.to === q.to)); if (e) return e.data; throw new Error(w('notInRecording')) }
      case 'lang': case 'look': return {}
    }
    throw new Error(w('notInRecording'))
  }
  attach({
    send(q: any) {
      if (!q.id) return
      queueMicrotask(() => { try { take({ t: 'reply', id: q.id, ok: true, data: answer(q) }) } catch (e) { take({ t: 'reply', id: q.id, ok: false, error: (e as Error).message }) } })
    },
  })
  const first = r.steps.find(s => s.m.t === 'hello')
  if (!first) take({ t: 'hello', lab: null, scenario: r.scenario, places: [], teacher: false, learner: '' })
  if (!r.steps.some(s => s.m.t === 'bar')) take(bar(r))
  forward(r.from, true)
  const hash = /[?&]at=(\d+)/.exec(location.search)
  const packet = /[?&]packet=(\d+)/.exec(location.search)
  if (packet) { followed = +packet[1]; S.selected = followed; S.hopAt = -1; tell('select') }
  goTo(hash ? +hash[1] : r.from)
}

function bar(r: Recording): Msg {
  const n = 48, density = new Array<number>(n).fill(0)
  for (const p of r.packets) density[Math.min(n - 1, Math.max(0, Math.floor((p.time - r.from) / Math.max(1, r.to - r.from) * n)))] += p.hops || 1
  return { t: 'bar', from: r.from, to: r.to, density, drops: r.packets.filter(p => p.fate === 'dropped').map(p => p.time), marks: [] }
}

// filtered knows the words that a reader of a recording tries: protocols, addresses, places, "and", "or", "not".
export function filtered(filter: string, rows: PacketRow[]): PacketRow[] {
  const f = filter.trim().toLowerCase()
  if (!f) return rows
  const parse = (tokens: string[]): ((r: PacketRow) => boolean) => {
    const or = () => { let l = and(); while (tokens[0] === 'or' || tokens[0] === '||') { tokens.shift(); const a = l, b = and(); l = r => a(r) || b(r) } return l }
    const and = () => { let l = not(); while (tokens.length && tokens[0] !== ')' && tokens[0] !== 'or' && tokens[0] !== '||') { if (tokens[0] === 'and' || tokens[0] === '&&') tokens.shift(); const a = l, b = not(); l = r => a(r) && b(r) } return l }
    const not = (): ((r: PacketRow) => boolean) => {
      const t = tokens.shift() ?? ''
      if (t === 'not' || t === '!') { const a = not(); return r => !a(r) }
      if (t === '(') { const a = or(); if (tokens[0] === ')') tokens.shift(); return a }
      if (t === 'host' || t === 'src' || t === 'dst' || t === 'port') { let v = tokens.shift() ?? ''; if (v === 'host' || v === 'port') v = tokens.shift() ?? ''; return r => (t !== 'dst' && r.src.startsWith(v)) || (t !== 'src' && r.dst.startsWith(v)) || t === 'port' && (r.src.endsWith('.' + v) || r.dst.endsWith('.' + v)) || t === 'host' && r.info.includes(v) }
      if (t === 'drop' || t === 'dropped') return r => r.fate === 'dropped'
      return r => text(r).includes(t)
    }
    return or()
  }
  const text = (r: PacketRow) => `${r.packet} ${r.place} ${r.src} ${r.dst} ${r.proto} ${r.info} ${r.why ?? ''} ${r.where ?? ''}`.toLowerCase()
  const ok = parse(f.replace(/([()!])/g, ' $1 ').split(/\s+/).filter(Boolean))
  return rows.filter(ok)
}
