package page

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var shots = flag.String("page.shots", "", "write screenshots of the page's views into this folder")

// patience is how long a page may take for anything, on a machine that is busy.
const patience = 3 * time.Minute

// tab is a page in a real browser, as somebody uses it: keys, clicks, and what can be
// read on the screen.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// chromium is the browser's program, "" if there is none.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// visit opens an address of a server.
func (s *served) visit(t *testing.T, link string) *tab {
	t.Helper()
	return open(t, s.url+link)
}

// open opens an address in a browser of its own, without a profile.
func open(t *testing.T, address string) *tab {
	t.Helper()
	path := chromium()
	if path == "" {
		t.Skip("there is no chromium here")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("lang", "en"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &tab{t, ctx}
	b.do(chromedp.EmulateViewport(1440, 900))
	console := chromedp.Console(ctx)
	b.do(chromedp.Navigate(address))
	var failed []string
	read := make(chan struct{})
	go func() {
		defer close(read)
		for m, err := range console {
			if err != nil {
				return
			}
			if m.IsException() || m.Source == "security" {
				failed = append(failed, m.String())
			}
		}
	}()
	t.Cleanup(func() {
		if t.Failed() {
			b.shot(filepath.Join(os.TempDir(), strings.ReplaceAll(t.Name(), "/", "-")+".png"))
		}
		chromedp.Cancel(ctx)
		<-read
		if len(failed) > 0 {
			t.Errorf("the page's script failed: %s", failed)
		}
	})
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if b.ctx.Err() == nil && chromedp.FromContext(b.ctx).Target == nil {
		ctx = b.ctx // the first call starts the browser, which lives as long as its context
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// read is an expression's value, in the page.
func (b *tab) read(expression string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// run carries out statements in the page.
func (b *tab) run(statements string) {
	b.t.Helper()
	b.read("(() => {" + statements + "})()")
}

// until waits for an expression to be true.
func (b *tab) until(what, expression string) {
	b.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if b.read("Boolean("+expression+")") == "true" {
			return
		}
	}
	b.t.Fatalf("never: %s; the page shows\n%s", what, b.read("document.body.innerText"))
}

// find is the expression of the first element of a selector that shows a text.
func find(selector, text string) string {
	return fmt.Sprintf("[...document.querySelectorAll(%s)].find(e => e.textContent.includes(%s))", quoted(selector), quoted(text))
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// sees waits until an element of a selector shows a text.
func (b *tab) sees(selector, text string) {
	b.t.Helper()
	b.until(selector+" shows "+text, find(selector, text))
}

// click waits for an element that shows a text and presses the mouse in its middle.
func (b *tab) click(selector, text string) {
	b.t.Helper()
	at := ""
	for end := time.Now().Add(patience); at == ""; time.Sleep(50 * time.Millisecond) {
		at = b.read(fmt.Sprintf("(e => { if (!e) return ''; e.scrollIntoView({block: 'nearest'}); const r = e.getBoundingClientRect(); return `${r.x + r.width / 2} ${r.y + r.height / 2}` })(%s)", find(selector, text)))
		if at == "" && time.Now().After(end) {
			b.sees(selector, text) // and say what is there instead
		}
	}
	var x, y float64
	if _, err := fmt.Sscan(at, &x, &y); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.MouseClickXY(x, y))
}

// clickUntil clicks on what may move away just then, as somebody does who sees that
// nothing has come of it.
func (b *tab) clickUntil(selector, text, expression string) {
	b.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		b.click(selector, text)
		for range 40 {
			if b.read("Boolean("+expression+")") == "true" {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	b.until("a click on "+selector+" with "+text+" is followed by "+expression, expression)
}

// focus gives an element the focus, as the key Tab would.
func (b *tab) focus(selector string) {
	b.t.Helper()
	b.sees(selector, "")
	b.run("document.querySelector(" + quoted(selector) + ").focus()")
}

// write writes a text into a field, in place of what it says.
func (b *tab) write(selector, text string) {
	b.t.Helper()
	b.focus(selector)
	b.run("document.querySelector(" + quoted(selector) + ").select()")
	if text == "" {
		b.press(kb.Backspace)
	} else {
		b.press(text)
	}
}

// choose takes an entry of a list of choices.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	b.sees(selector+" option", value)
	b.run(fmt.Sprintf("const e = document.querySelector(%s); e.value = %s; e.dispatchEvent(new Event('change', {bubbles: true}))", quoted(selector), quoted(value)))
}

// press sends keys to whatever has the focus: each goes down and up as on a keyboard, and
// the one that goes down brings its letter. (KeyEvent sends the letter a second time.)
func (b *tab) press(keys string, modifiers ...chromedp.Modifier) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, r := range keys {
			k := kb.Encode(r)
			down, up := *k[0], *k[len(k)-1]
			for _, m := range modifiers {
				down.Modifiers, up.Modifiers = down.Modifiers|int64(m), up.Modifiers|int64(m)
			}
			if len(k) == 3 && len(modifiers) == 0 {
				down.Text, down.UnmodifiedText = k[1].Text, k[1].UnmodifiedText
			}
			for _, p := range []input.DispatchKeyEventParams{down, up} {
				if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, p); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// leave takes the focus out of a terminal, as its user does.
func (b *tab) leave() {
	b.t.Helper()
	b.press("`", chromedp.ModifierCtrl)
}

// terminal is what the terminal in front shows whose tab has a name.
func (b *tab) terminal(name string) string {
	b.t.Helper()
	return b.read(fmt.Sprintf("(t => t ? [...t.closest('.term').querySelectorAll('.xterm-rows > div')].map(r => r.textContent.replace(/\u00a0/g, ' ').trimEnd()).join('\\n') : '')(%s)", find(".tabs [role=tab][aria-selected=true]", name)))
}

// at brings a terminal to the front and the focus into it: by its tab, else by the menu
// of places.
func (b *tab) at(place string) {
	b.t.Helper()
	name := place[strings.LastIndex(place, "/")+1:]
	if b.read("Boolean("+find(".tabs [role=tab]", name)+")") == "true" {
		b.click(".tabs [role=tab]", name)
	} else {
		b.click(".tabs [aria-haspopup=menu]", "")
		b.click(".tabs [role=menuitem]", place)
	}
	b.until("the focus is in "+place, "document.activeElement?.closest('.xt') && "+find(".tabs [role=tab][aria-selected=true]", name))
}

// types types a line at a place and waits for the prompt after it. It returns what the
// terminal shows.
func (b *tab) types(place, line string) string {
	b.t.Helper()
	b.at(place)
	name := place[strings.LastIndex(place, "/")+1:]
	ready := func(want bool) (text string, ok bool) {
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			text = strings.TrimRight(b.terminal(name), "\n ")
			p := text[strings.LastIndex(text, "\n")+1:]
			if (p == "/ #" || strings.HasPrefix(p, "[root@") && strings.HasSuffix(p, "]#")) == want {
				return text, true
			}
		}
		return text, false
	}
	ready(true)
	b.press(line)
	ready(false) // the line stands there
	b.press(kb.Enter)
	if text, ok := ready(true); ok {
		return text
	}
	b.t.Fatalf("no prompt after %q at %s:\n%s", line, place, b.terminal(name))
	return ""
}

// shot writes a picture of the page.
func (b *tab) shot(file string) {
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Log(err)
		return
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Log(err)
	}
}

// axe is axe-core's script, which npm brings (make page), "" where it has not.
var axe = sync.OnceValue(func() string {
	text, _ := os.ReadFile("web/node_modules/axe-core/axe.min.js")
	return string(text)
})

// accessible lets axe-core look at what the page shows: nothing serious may be wrong.
func (b *tab) accessible(view string) {
	b.t.Helper()
	if axe() == "" {
		return
	}
	b.run("if (!window.axe) { " + axe() + " }")
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => /serious|critical/.test(v.impact)).map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('; ')).join('\\n'))", chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	if found != "" {
		b.t.Errorf("axe-core on %s:\n%s", view, found)
	}
}

// readable holds the drawing to its rules: no label stands on a line, and none is smaller
// than 9.5 pixels.
func (b *tab) readable() {
	b.t.Helper()
	if wrong := b.read(`(() => {
		const svg = document.querySelector('.map svg.net'), wrong = [], lines = []
		for (const p of svg.querySelectorAll('path.veth, path.cable')) {
			const m = p.getScreenCTM(), points = [...p.getAttribute('d').matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(g => new DOMPoint(+g[1], +g[2]).matrixTransform(m))
			for (let i = 1; i < points.length; i++) lines.push([points[i - 1], points[i]])
		}
		for (const t of svg.querySelectorAll('text')) {
			if (!t.textContent || t.closest('.litg')) continue
			const size = parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a
			if (size < 9.45) wrong.push(t.textContent + ' has ' + size.toFixed(1) + ' px')
			const r = t.getBoundingClientRect()
			for (const [p, q] of lines) if (Math.max(p.x, q.x) > r.left + 1 && Math.min(p.x, q.x) < r.right - 1 && Math.max(p.y, q.y) > r.top + 3 && Math.min(p.y, q.y) < r.bottom - 3) wrong.push(t.textContent + ' stands on a line')
		}
		return wrong.join('; ')
	})()`); wrong != "" {
		b.t.Errorf("the drawing: %s", wrong)
	}
}

// gallery lets a view be looked at: by axe-core, light and dark, and if pictures are
// wanted at three sizes.
func (b *tab) gallery(name string) {
	b.t.Helper()
	for _, theme := range []string{"dark", "light"} {
		b.run(fmt.Sprintf("document.documentElement.dataset.theme = %q", theme))
		b.accessible(name + ", " + theme)
	}
	if *shots == "" {
		return
	}
	for _, size := range [][2]int64{{1440, 900}, {1024, 768}, {390, 844}} {
		for _, theme := range []string{"light", "dark"} {
			b.do(chromedp.EmulateViewport(size[0], size[1]))
			b.run(fmt.Sprintf("document.documentElement.dataset.theme = %q", theme))
			b.do(chromedp.Sleep(400 * time.Millisecond))
			b.shot(filepath.Join(*shots, fmt.Sprintf("%s-%d-%s.png", name, size[0], theme)))
		}
	}
	b.do(chromedp.EmulateViewport(1440, 900))
	b.run("document.documentElement.dataset.theme = 'light'")
	b.do(chromedp.Sleep(300 * time.Millisecond))
}

// reload is what the key F5 does.
func (b *tab) reload() {
	b.t.Helper()
	b.do(chromedp.Reload())
	b.sees("#lab", "")
}
