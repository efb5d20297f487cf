package standin

import "sync"

// programs are those that are played, by name.
var programs = sync.OnceValue(func() map[string]program {
	return map[string]program{
		"nats":            natsProgram(),
		"curl":            curlProgram(),
		"kubectl":         kubectlProgram(),
		"helm":            helmProgram(),
		"docker":          dockerProgram(),
		"podman":          dockerProgram(),
		"buildah":         buildahProgram(),
		"sudo":            sudoProgram(),
		"apt-get":         aptProgram(),
		"apt":             aptProgram(),
		"dpkg":            dpkgProgram(),
		"rpm":             rpmProgram(),
		"dnf":             dnfProgram(),
		"systemctl":       systemctlProgram(),
		"systemd-analyze": systemdAnalyzeProgram(),
		"journalctl":      journalctlProgram(),
		"git":             gitProgram(),
		"make":            makeProgram(),
		"go":              goProgram(),
		"npm":             npmProgram(),
		"openssl":         opensslProgram(),
		"jq":              jqProgram(),
		"mkdocs":          mkdocsProgram(),
		"bash":            bashProgram(),
	}
})
