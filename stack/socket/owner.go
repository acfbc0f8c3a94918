package socket

// Holder is the process that has sockets open: its table of descriptors.
type Holder interface {
	// Hold takes a socket in and returns its descriptor.
	Hold(s Socket) (fd int)
	// Release says that the socket behind a descriptor is closed, or another
	// holder's.
	Release(fd int)
	// Who is the program and its number, for ss -p and netstat -p.
	Who() (program string, pid int)
}

// Owner is who holds a socket. The zero value is nobody.
type Owner struct {
	holder Holder
	fd     int
}

// Give makes a socket another holder's; nil is nobody.
func Give(s Socket, h Holder) {
	o := s.owner()
	if o.holder != nil {
		o.holder.Release(o.fd)
	}
	*o = Owner{}
	if h != nil {
		o.holder = h
		o.fd = h.Hold(s)
	}
}

// Holder is who has the socket open, or nil.
func (o *Owner) Holder() Holder { return o.holder }

// Fill says in an Info who holds the socket.
func (o *Owner) Fill(i Info) Info {
	if o.holder != nil {
		i.Owner, i.PID = o.holder.Who()
		i.FD = o.fd
	}
	return i
}

//lint:ignore U1000 it marks who embeds an Owner: nothing else is a Socket
func (o *Owner) owner() *Owner { return o }
