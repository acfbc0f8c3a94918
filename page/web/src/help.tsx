// Keys and signs.
import { useState } from 'preact/hooks'
import { keep, kept } from './state'
import { w, type Word } from './words'

const keys: [string, Word][] = [['Space', 'kRun'], ['.', 'kHop'], [',', 'kEvent'], ['D', 'kDrop'], ['B', 'kBack'], ['− +', 'kSpeed'], ['1 2 3 4', 'kViews'], ['Ctrl `', 'kTerm'], ['Ctrl ⇧ ← →', 'kNextTerm'], ['Ctrl \\', 'kDouble'], ['/', 'kFilter'], ['↑ ↓ ↵', 'kList'], ['⇧ ← →', 'kHops'], ['', 'kArrows'], ['0', 'kFit'], ['H', 'kHint'], ['?', 'kHelp']]

export function Help() {
  const [off, set] = useState(kept('letters') === 'off')
  const line = (d: preact.ComponentChildren) => <svg class="net ln" viewBox="0 0 150 24" aria-hidden="true">{d}</svg>
  return <div class="helpc">
    <section><h2>{w('keys')}</h2><ul class="pk">{keys.map(([k, t]) => <li key={t}><kbd>{k || w('arrows')}</kbd><span class="soft">{w(t)}</span></li>)}</ul>
      <label class="tick"><input type="checkbox" checked={!off} onChange={e => { const o = !e.currentTarget.checked; set(o); keep('letters', o ? 'off' : null) }} /> {w('lettersOff')}</label></section>
    <section><h2>{w('signs')}</h2><ul class="pl">
      <li>{line(<><path class="veth" d="M4 12h142" /><rect class="port" x="2" y="8" width="8" height="8" /><rect class="port" x="140" y="8" width="8" height="8" /></>)}<b>{w('veth')}</b></li>
      <li>{line(<><path class="cable" d="M4 12h142" /><rect class="port" x="2" y="8" width="8" height="8" /><rect class="port" x="140" y="8" width="8" height="8" /></>)}<b>{w('cable')}</b></li>
      <li>{line(<><path class="tube" d="M4 12h142" /><path class="veth" d="M4 12h142" /></>)}<b>{w('tunnel')}</b></li>
      <li>{line(<path class="leg" d="M4 12h142" />)}<b>{w('throughKernel')}</b></li>
      <li>{line(<><path class="veth cutd" d="M4 12h52M94 12h52" /><path class="gl" d="M68 7v10M82 7v10" /></>)}<b>{w('sDown')}</b></li>
      <li>{line(<path class="cable" d="M4 12h44l6-6 8 12 8-12 8 12 8-12 6 6h52" />)}<b>{w('sLossy')}</b></li>
      <li>{line(<><path class="cable" d="M4 12h58M88 12h58" /><path class="deadl" d="M70 3v18M80 3v18" /></>)}<b>{w('sBlocked')}</b></li>
      <li>{line(<path class="lit" d="M4 12h142" />)}<b>{w('sLit')}</b></li>
      <li>{line(<><path class="lit" d="M4 12h60" /><path class="veth" d="M80 12h66" /><g class="dead" transform="translate(70 12)"><circle r="10" /><path d="M-4 -4l8 8M4 -4l-8 8" /></g></>)}<b>{w('sDied')}</b></li>
      <li>{line(<><g class="pk" transform="translate(30 12)"><rect x="-17" y="-9" width="34" height="18" rx="3" /></g><g class="pk" transform="translate(100 12)"><rect x="-17" y="-9" width="34" height="18" rx="3" /><rect class="in" x="-8" y="-4.5" width="16" height="9" rx="1.5" /></g></>)}<b>{w('sPacket')}</b></li>
      <li>{line(<><path class="wall" d="M4 16h142" /><path class="pub" d="M24 16a6 6 0 0 1 12 0z" /></>)}<b>{w('sPort')}</b></li>
    </ul><p class="meta"><a href="/licences.txt">{w('licences')}</a></p></section>
  </div>
}
