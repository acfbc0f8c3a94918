package netfilter

// policy is what becomes of a packet at the end of a built-in chain.
type policy uint8

const (
	noPolicy policy = iota // a user's chain: it goes on in the caller
	policyAccept
	policyDrop
)

// String is the policy as `iptables -S` prints it.
func (p policy) String() string { return [...]string{"-", "ACCEPT", "DROP"}[p] }

// parsePolicy reads one that a chain may be given.
func parsePolicy(text string) (policy, bool) {
	switch text {
	case "ACCEPT":
		return policyAccept, true
	case "DROP":
		return policyDrop, true
	}
	return noPolicy, false
}
