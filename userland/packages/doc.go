// Package packages is the package managers of images and the archives on the
// simulated internet that they fetch from: apt of Debian and Ubuntu, apk of Alpine
// and yum of CentOS. An index and a package are files of the archive's web server,
// got by name and over packets, so that what stands between a container and the
// internet stands between it and its packages. A package brings programs that the
// image can run but has not yet. Start reading at catalog.go, archive.go and apt.go.
package packages
