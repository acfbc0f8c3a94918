package programs

import "strings"

// addresses is hostname -I: every address that is not of the loopback.
func addresses(c *invocation) int {
	ns := c.NS()
	if ns == nil {
		c.Printf("\n")
		return 0
	}
	var out []string
	for _, i := range ns.Interfaces() {
		for _, a := range i.Addrs() {
			if ip := a.Prefix.Addr(); !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
				out = append(out, ip.String())
			}
		}
	}
	c.Printf("%s \n", strings.Join(out, " "))
	return 0
}
