// Package programs has the text, file and process programs of the simulated
// machines (cat, grep, sed, ls, ps, …), in busybox's, GNU's and CentOS 6's
// words.
//
// It owns no network programs: those are in packages netconf and traffic. Start
// reading at [Busybox], [Host] and [CentOS6], the sets that images install.
package programs
