package scenarios

// disagreements are the captures that do not agree yet, each with the reason.
// The list only gets shorter.
var disagreements = map[string]string{}
