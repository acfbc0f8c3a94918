// Package labs owns lab files: a scenario with a narrative, tasks that check
// themselves, hints, marks. It owns how a learner's world differs from others'
// (parameters), when a task is done, what a hint says, and what somebody's record
// is worth. The ready labs are in library/.
//
// It does not own how anything behaves (the rooms to its right), how a lab looks
// (package page shows it), nor where records are kept (labs/store).
//
// Start reading at [Lab] and [Read] (a file), [Lab.For] (a learner's variant),
// [Sitting] (somebody at work), [Grade] (a record marked again) and [Lint] (what is
// proved of a lab).
package labs
