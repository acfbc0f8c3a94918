// The lit path as a list: what a phone shows instead of the drawing, and what a screen reader reads at every size.
import type { Hop } from '../contract'
import { I, iconOf } from '../icons'
import { S } from '../state'
import { seconds, span, w } from '../words'
import { openTables } from './draw'
import { shortInfo } from './lit'
import { addressOf, bare, firstAddr, hostOf, modelOf, type Model } from './model'

type Row = { host: string, name: string, sub: string, t: string, icon: Parameters<typeof I>[0]['n'], at: number, drop: boolean, place: string }

function rows(m: Model, hops: Hop[]): Row[] {
  const out: Row[] = []
  let last = '', was = hops[0]?.at ?? 0
  hops.forEach((h, i) => {
    if (/[/:]local$/.test(h.place)) return
    const iface = m.iface.get(h.place)
    const node = m.node.get(iface?.node ?? h.place)
    const cable = !iface && !node && /^[^/]+:[^/]+$/.test(h.place)
    const key = cable ? 'cable' : h.place
    const doing = h.verb === 'rewrite' || h.verb === 'encapsulate' || h.verb === 'decapsulate' || h.verb === 'drop' || h.verb === 'queue' || h.verb === 'deliver'
    if (key === last && !doing) { const r = out[out.length - 1]; if (r) r.at = i; return }
    last = key
    const drop = h.verb === 'drop'
    const kind = h.verb === 'rewrite' ? 'rewrite' : drop ? 'cross' : cable ? 'cable' : iface?.kind === 'vxlan' ? 'vxlan' : iface?.kind === 'bridge' ? 'bridge' : node ? iconOf(node.kind, node.image) : 'packet'
    const inside = node && node.kind === 'container' ? node.name + ' ' : ''
    const sub = doing ? [h.verb, h.why, h.rule && `${h.rule.table} ${h.rule.chain} ${h.rule.number}`].filter(Boolean).join(', ') : iface ? bare(firstAddr(iface)) : node ? addressOf(m, node.id) : ''
    out.push({ host: hostOf(m, h.place), name: cable ? w('cable') : inside + (iface?.name ?? node?.name ?? h.place), sub, t: i ? '+' + span(h.at - was) : seconds(h.at), icon: kind, at: i, drop, place: h.place })
    was = h.at
  })
  return out
}

export function PathList({ hops, upTo, title }: { hops: Hop[], upTo: number, title?: string }) {
  const topo = S.topo
  if (!topo || !hops.length) return <div class="path"><p class="empty soft">{w('noPath')}</p></div>
  const m = modelOf(topo)
  const list = rows(m, hops)
  let host = '\n'
  const h = hops[Math.min(upTo, hops.length - 1)]
  return <ol class="path" aria-label={title ?? w('path')}>
    {list.map((r, i) => {
      const head = r.host !== host && r.host ? r.host : ''
      host = r.host || host
      const lit = r.at <= upTo
      const here = lit && (list[i + 1]?.at ?? Infinity) > upTo
      return <>
        {head && <li class="wallh"><I n="host" />{m.node.get(head)?.name} <span class="a">{bare(addressOf(m, head))}</span></li>}
        <li class={['hop', lit ? 'lit' : 'todo', i === 0 ? 'first' : '', i === list.length - 1 ? 'last' : '', r.drop ? 'died' : ''].join(' ')} aria-current={here ? 'step' : undefined}>
          <span class="g"><I n={r.icon} /></span><div><button class="plain" onClick={() => openTables(r.place)}><b>{r.name}</b></button><div class="a">{r.sub}</div></div><span class="t">{r.t}</span></li>
        {here && !r.drop && <li class="hop lit now"><span class="g"><I n="packet" /></span><div><b>{shortInfo(h.info)}</b><div class="a">#{h.packet}</div></div><span class="t" /></li>}
      </>
    })}
  </ol>
}
