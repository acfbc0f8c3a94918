// Keys. In a terminal and in a field every key belongs to it, except Ctrl-` and Ctrl-Shift-arrows; elsewhere single letters work
// unless the user turned them off.
import { back, drop, event, hop, runOrPause, speed } from './act'
import { drawing } from './net/draw'
import { kept, S, show, told } from './state'
import { hint } from './tasks'
import { bigDock, focusTerm, inTerminal, leaveTerminal, nextTerm } from './terms'

export function startKeys() {
  document.addEventListener('keydown', e => {
    if (e.ctrlKey && e.code === 'Backquote') { e.preventDefault(); if (inTerminal()) leaveTerminal(); else { if (S.view !== 'network' && S.view !== 'explain') show('network'); focusTerm() } return }
    if (e.ctrlKey && e.shiftKey && (e.key === 'ArrowLeft' || e.key === 'ArrowRight')) { e.preventDefault(); nextTerm(e.key === 'ArrowLeft' ? -1 : 1); return }
    if (e.ctrlKey && e.key === '\\') { e.preventDefault(); bigDock(); return }
    const t = e.target as HTMLElement
    const typing = t.closest?.('.xt, input, textarea, select, [contenteditable], dialog')
    if (typing || e.ctrlKey || e.altKey || e.metaKey || !S.hello) return
    const button = t.closest?.('button, a, summary, [role=tab], [role=menuitem], [role=treeitem]')
    if (e.shiftKey && (e.key === 'ArrowLeft' || e.key === 'ArrowRight')) { e.preventDefault(); hops(e.key === 'ArrowLeft' ? -1 : 1); return }
    if (kept('letters') === 'off' && e.key !== '?') return
    if (button && (e.key === ' ' || e.key === 'Enter')) return
    const does = (f: () => void) => { e.preventDefault(); f() }
    switch (e.key) {
      case ' ': return does(runOrPause)
      case '.': return does(hop)
      case ',': return does(event)
      case 'd': case 'D': return does(drop)
      case 'b': case 'B': return does(() => back())
      case '-': case '−': return does(() => speed(-1))
      case '+': case '=': return does(() => speed(1))
      case '1': return does(() => show('network'))
      case '2': return does(() => show('packets'))
      case '3': return does(() => show('tables'))
      case '4': return does(() => show('explain'))
      case '0': return does(() => drawing.fit())
      case 'h': case 'H': return does(hint)
      case '?': return does(() => { S.help = true; told('view') })
      case '/': return does(() => { if (!document.querySelector('.find')) show('packets'); setTimeout(() => document.querySelector<HTMLInputElement>('.find')?.focus()) })
    }
  })
}

function hops(by: number) {
  if (!S.selected) return
  S.hopAt = S.hopAt + by
  if (S.hopAt < 0) S.hopAt = 0
  told('select')
}
