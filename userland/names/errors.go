package names

// LookupError is why a name did not become an address; its text is that of
// gai_strerror.
type LookupError string

// Error is gai_strerror's text.
func (e LookupError) Error() string { return string(e) }

// The errors of [Resolve].
const (
	// ErrNoName: every server that answered said that there is no such name.
	ErrNoName LookupError = "Name or service not known"
	// ErrTryAgain: no server answered, or none was able or willing to.
	ErrTryAgain LookupError = "Temporary failure in name resolution"
	// ErrNoData: the name exists, but has no address of the wanted family.
	ErrNoData LookupError = "No address associated with hostname"
)
