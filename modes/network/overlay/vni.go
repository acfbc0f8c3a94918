package overlay

import (
	"dnetsim/modes/bitseq"
	"dnetsim/modes/errdefs"
	"dnetsim/modes/store"
)

// The identifiers of tunnels: Docker gives out those from 256 on.
const (
	firstVNI = 256
	lastVNI  = 1<<24 - 1
)

var vniKey = store.Key("idm", "vxlan-id")

// takeVNI takes the lowest free identifier of the cluster.
func (k *shared) takeVNI() (vni uint32, err error) {
	err = k.changeVNIs(func(s *bitseq.Sequence) error {
		n, ok := s.Lowest()
		if !ok {
			return errdefs.System("no bit available")
		}
		vni = firstVNI + uint32(n)
		return nil
	})
	return vni, err
}

func (k *shared) releaseVNI(vni uint32) {
	k.changeVNIs(func(s *bitseq.Sequence) error {
		delete(s.Used, uint64(vni-firstVNI))
		return nil
	})
}

func (k *shared) changeVNIs(fn func(*bitseq.Sequence) error) error {
	for {
		s := &bitseq.Sequence{}
		index, err := k.store.Get(vniKey, s)
		if err != nil {
			return err
		}
		if index == 0 {
			s = &bitseq.Sequence{ID: "vxlan-id", Bits: lastVNI - firstVNI + 1, Used: map[uint64]bool{}}
		}
		if err := fn(s); err != nil {
			return err
		}
		if _, err := k.store.Put(vniKey, index, s); err != store.ErrKeyModified {
			return err
		}
	}
}
