package main

// escape finds the keys that are meant for dnetsim and not for a simulated
// terminal, as ssh has them: a ~ at the start of a line and one key more. What it
// gives back is for the terminal.
type escape struct {
	within bool // of a line
	tilde  bool // one was typed and is held back
	// Leave and Help are called for ~. and ~?.
	leave, help func()
}

func (e *escape) keys(b []byte) []byte {
	var out []byte
	for _, c := range b {
		switch {
		case e.tilde:
			e.tilde = false
			switch c {
			case '.':
				e.leave()
				continue
			case '?':
				e.help()
				continue
			case '~':
			default:
				out = append(out, '~')
			}
		case c == '~' && !e.within:
			e.tilde = true
			continue
		}
		out = append(out, c)
		e.within = c != '\r' && c != '\n' && c != 3
	}
	return out
}

// escapes is what ~? lists.
const escapes = "\r\nSupported escape sequences:\r\n ~.   - leave the lab, whatever runs there\r\n ~?   - this message\r\n ~~   - send ~ by typing it twice\r\n(only at the start of a line)\r\n"
