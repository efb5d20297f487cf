// Package image builds the image by this repository's Dockerfile, with buildah, and runs it with podman: for itself,
// and as the compose files have it. It is a module of its own, which needs root, both programs and Debian's
// busybox-static, and imports test/lab alone.
//
// All of it runs in namespaces that the tests make for themselves, with storage below a temporary directory: nothing of
// the machine's containers, networks and firewall is seen or changed, and what runs ends with the tests. There is no
// network but loopback. No registry can be reached, so the images that the Dockerfile and the compose files name are
// played by local ones under the same names: golang by busybox and the machine's Go, nats and nats-box by busybox and
// what the module proxy has of NATS.
package image
