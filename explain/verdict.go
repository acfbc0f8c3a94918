package explain

import "encoding/json"

// Verdict is what became of a flow: one closed set.
type Verdict uint8

// The verdicts.
const (
	Delivered       Verdict = iota + 1 // it got there, and the answer came back
	NoReturn                           // it got there, and no answer came back
	Refused                            // somebody said no: a reset, an ICMP error
	Dropped                            // it died on the way
	Unresolved                         // nobody answered for the next hop's link address
	NoRoute                            // there is no way to send it
	NameNotResolved                    // the name has no address
	Looped                             // it went in circles until its TTL ran out
	Lost                               // a cable lost it
	Waiting                            // it is still on its way
)

var verdictNames = [...]string{"", "delivered", "delivered-no-return", "refused", "dropped", "unresolved", "no-route", "name-not-resolved", "looped", "lost", "waiting"}

// String is the stable name, "delivered-no-return".
func (v Verdict) String() string { return verdictNames[v] }

// MarshalJSON writes the name.
func (v Verdict) MarshalJSON() ([]byte, error) { return json.Marshal(v.String()) }
