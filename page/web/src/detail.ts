// What the server tells of the chosen packet: its story hop by hop, with the packets that carried it.
import { useEffect, useState } from 'preact/hooks'
import type { PacketDetail } from './contract'
import { S, told, use } from './state'
import { ask } from './wire'

// lastOf is the hop to begin with: where the packet died, else its last.
export function lastOf(d: PacketDetail): number { const i = d.hops.findIndex(h => h.verb === 'drop' && h.packet === d.row.packet); return i >= 0 && d.row.fate === 'dropped' ? i : d.hops.length - 1 }

// withOrigin begins a copy's story where that of its original begins.
async function withOrigin(d: PacketDetail): Promise<PacketDetail> {
  const first = d.hops[0]
  if (!first || first.verb !== 'copy' || !d.row.parent) return d
  try {
    const of = await ask<PacketDetail>('packet', { packet: d.row.parent })
    const before = of.hops.filter(h => h.packet === d.row.parent && h.at <= first.at && h.verb !== 'deliver' && h.verb !== 'drop')
    const end = before.findIndex(h => h.place === first.place)
    const hops = end >= 0 ? before.slice(0, end + 1) : before
    return { row: d.row, hops: [...hops, ...d.hops], frames: [...of.frames.filter(f => f.hop < hops.length), ...d.frames.map(f => ({ ...f, hop: f.hop + hops.length }))] }
  } catch { return d }
}

// withCarriers puts the packets that carried this one into its story, where it comes out of them: the whole way, with what a
// tunnel added to its bytes.
async function withCarriers(d: PacketDetail): Promise<PacketDetail> {
  d = await withOrigin(d)
  for (let i = 0; i < d.hops.length; i++) {
    const h = d.hops[i]
    if (h.verb !== 'decapsulate' || !h.parent || h.packet !== d.row.packet || d.hops.some(o => o.packet === h.parent)) continue
    let c: PacketDetail
    try { c = await ask<PacketDetail>('packet', { packet: h.parent }) } catch { continue } // no longer kept
    const n = c.hops.length
    d = {
      row: d.row, hops: [...d.hops.slice(0, i), ...c.hops.map(o => ({ ...o, parent: undefined })), ...d.hops.slice(i)],
      // Beyond the tunnel its bytes are what they were before, whether or not that was told again.
      frames: [...d.frames.filter(f => f.hop < i), ...c.frames.map(f => ({ ...f, hop: f.hop + i })), ...beyond(d, i, n)],
    }
    i += n
  }
  return d
}
function beyond(d: PacketDetail, i: number, n: number) {
  const after = d.frames.filter(f => f.hop >= i).map(f => ({ ...f, hop: f.hop + n }))
  const last = [...d.frames].reverse().find(f => f.hop < i)
  return after.some(f => f.hop === i + n) || !last ? after : [{ ...last, hop: i + n }, ...after]
}

// detail is what the server told of the chosen packet; it is asked again when its row changes.
export function useDetail(): PacketDetail | null {
  use('select', 'rows')
  const [d, set] = useState<PacketDetail | null>(null)
  const row = S.rows.find(r => r.packet === S.selected)
  const key = S.selected ? `${S.selected} ${row?.hops ?? 0} ${row?.fate ?? ''}` : ''
  useEffect(() => {
    if (!S.selected) { set(null); return }
    let stale = false
    ask<PacketDetail>('packet', { packet: S.selected }).then(withCarriers).then(got => { if (!stale) { set(got); if (S.hopAt < 0 || S.hopAt >= got.hops.length) { S.hopAt = lastOf(got); told('select') } } }).catch(() => { if (!stale) set(null) })
    return () => { stale = true }
  }, [key])
  return d && d.row.packet === S.selected ? d : null
}

// lengthAt is how long the packet's frame is at a hop, with what a tunnel has added.
export function lengthAt(d: PacketDetail, hop: number): number {
  const f = [...d.frames].reverse().find(f => f.hop <= hop)
  return f?.bytes ? f.bytes.length / 2 : d.row.length
}
