package profile

import "testing"

func TestAProfileIsFoundByItsName(t *testing.T) {
	for _, name := range Names {
		if p := Of(name); p == nil || p.Name != name {
			t.Errorf("Of(%q) = %v", name, p)
		}
	}
	if p := Of(""); p.Name != "20.10" {
		t.Errorf("the default is %s", p.Name)
	}
	if p := Of("19.03"); p != nil {
		t.Errorf("19.03 is %s", p.Name)
	}
}
