// Who is here: a learner who came by the class's link gives a name before anything else.
import { useState } from 'preact/hooks'
import { Ends } from './frame'
import { Brand } from './icons'
import { use } from './state'
import { w } from './words'

export type Me = { role: 'owner' | 'learner' | 'teacher', learner: string, named: boolean }

// me is who the server takes this browser for; null if it says nothing of it.
export async function me(): Promise<Me | null> {
  try {
    const r = await fetch('/api/me', { credentials: 'same-origin' })
    return r.ok ? await r.json() : null
  } catch { return null }
}

export function Join({ done }: { done: () => void }) {
  use('lang')
  const [name, setName] = useState('')
  const [error, setError] = useState('')
  const [link, setLink] = useState('')
  const send = async (e: Event) => {
    e.preventDefault()
    const r = await fetch('/api/join', { method: 'POST', credentials: 'same-origin', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ learner: name.trim() }) })
    if (!r.ok) { setError((await r.text()).trim()); return }
    setLink(new URL((await r.json()).link, location.href).href)
  }
  return <div class="doc"><header class="bar"><span class="brand"><Brand /><span class="lbl">dnetsim</span></span><span class="sp" /><Ends help={false} /></header>
    <main class="page"><div class="col join">
      <h1>{w('whoAreYou')}</h1>
      {!link ? <form onSubmit={send}><p class="soft">{w('nameText')}</p><div class="ans"><input class="field" aria-label={w('yourName')} placeholder={w('yourName')} value={name} maxLength={64} required autocomplete="name" autofocus onInput={e => setName(e.currentTarget.value)} /><button class="btn pri">{w('joinIn')}</button></div>{error && <p class="wrong" role="alert">{error}</p>}</form>
        : <div><p class="soft">{w('linkText')}</p><p><a class="mono" href={link}>{link}</a></p><button class="btn pri big" onClick={done}>{w('toLabs')}</button></div>}
    </div></main></div>
}
