// The page's policy allows no inline style: no style element made by script and no style attribute set as text. xterm makes both.
// Here its style elements become constructed style sheets, and its style attributes declarations set one by one; both are
// allowed, since only a script that the policy let in can do them. Nothing else in the page needs it.

const plain = document.createElement.bind(document)

class Sheet {
  sheet = new CSSStyleSheet()
  constructor() { document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.sheet] }
  drop() { document.adoptedStyleSheets = document.adoptedStyleSheets.filter(s => s !== this.sheet) }
}

function standIn(): HTMLElement {
  const e = plain('span')
  const s = new Sheet()
  let text = ''
  e.hidden = true
  Object.defineProperty(e, 'textContent', { get: () => text, set(t: string) { text = t; s.sheet.replaceSync(t) } })
  Object.defineProperty(e, 'sheet', { get: () => s.sheet })
  e.remove = () => { s.drop(); HTMLElement.prototype.remove.call(e) }
  return e
}

export function withoutInlineStyle() {
  document.createElement = ((tag: string, o?: ElementCreationOptions) => tag === 'style' ? standIn() : plain(tag, o)) as typeof document.createElement
  const set = Element.prototype.setAttribute
  Element.prototype.setAttribute = function (name: string, value: string) {
    if (name === 'style' && 'style' in this) (this as HTMLElement).style.cssText = value
    else set.call(this, name, value)
  }
}
