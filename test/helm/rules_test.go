package helm

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// rule is what must hold for every release, and a change that breaks it, by which the test sees that it looks.
type rule struct {
	name   string
	holds  func(w *world) bool
	breaks func(w *world)
}

var rules = slices.Concat(podRules, containerRules, wholeRules)

var podRules = []rule{
	{"runs as no root, and as nobody who is one", func(w *world) bool {
		s := w.pod().SecurityContext
		return *s.RunAsNonRoot && (s.RunAsUser == nil || *s.RunAsUser > 0) && (s.RunAsGroup == nil || *s.RunAsGroup > 0)
	}, func(w *world) { w.pod().SecurityContext.RunAsNonRoot = new(bool) }},
	{"has the runtime's filter of system calls", func(w *world) bool {
		return w.pod().SecurityContext.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault
	}, func(w *world) { w.pod().SecurityContext.SeccompProfile.Type = core.SeccompProfileTypeUnconfined }},
	{"gets no token of Kubernetes", func(w *world) bool {
		return !*w.pod().AutomountServiceAccountToken && (w.account == nil || !*w.account.AutomountServiceAccountToken)
	}, func(w *world) { *w.pod().AutomountServiceAccountToken = true }},
	{"shares nothing with the node", func(w *world) bool {
		p := w.pod()
		return !p.HostNetwork && !p.HostPID && !p.HostIPC && !slices.ContainsFunc(p.Volumes,
			func(v core.Volume) bool { return v.HostPath != nil })
	}, func(w *world) {
		w.pod().Volumes[0].VolumeSource = core.VolumeSource{HostPath: &core.HostPathVolumeSource{Path: "/"}}
	}},
	{"is waited for longer than it may take to stop", func(w *world) bool {
		return w.config == nil || time.Duration(*w.pod().TerminationGracePeriodSeconds)*time.Second >=
			time.Duration(w.file.ShutdownTimeout)+5*time.Second
	}, func(w *world) { *w.pod().TerminationGracePeriodSeconds = 24 }},
	{"has every volume that is mounted, and mounts every one", func(w *world) bool {
		var have, used []string
		for _, v := range w.pod().Volumes {
			have = append(have, v.Name)
		}
		for _, m := range w.container().VolumeMounts {
			used = append(used, m.Name)
		}
		slices.Sort(have)
		slices.Sort(used)
		return slices.Equal(have, used) && len(slices.Compact(have)) == len(used)
	}, func(w *world) { w.pod().Volumes = w.pod().Volumes[1:] }},
	{"gets every file that the configuration names", filesAreThere, func(w *world) {
		w.pod().Volumes[1].Projected.Sources = nil
	}},
	{"is replaced by a new one that is ready first", func(w *world) bool {
		r := w.deployment.Spec.Strategy.RollingUpdate
		return *r.MaxUnavailable == intstr.FromInt32(0) && *r.MaxSurge == intstr.FromInt32(1)
	}, func(w *world) { *w.deployment.Spec.Strategy.RollingUpdate.MaxUnavailable = intstr.FromInt32(1) }},
}

// filesAreThere looks whether each path below the mount of secrets is an item of the volume.
func filesAreThere(w *world) bool {
	if w.config == nil {
		return true
	}
	const mount = "/var/run/secrets/momento-bridge/"
	var items []string
	for _, v := range w.pod().Volumes {
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.Secret != nil {
				items = append(items, source.Secret.Items[0].Path)
			} else {
				items = append(items, source.ConfigMap.Items[0].Path)
			}
		}
	}
	for line := range strings.Lines(w.config.Data["config.yaml"]) {
		if _, file, ok := strings.Cut(strings.TrimSpace(line), ": "+mount); ok && !slices.Contains(items, file) {
			return false
		}
	}
	return true
}

var containerRules = []rule{
	{"gains no rights", func(w *world) bool {
		s := w.container().SecurityContext
		return !*s.AllowPrivilegeEscalation && s.Privileged == nil
	}, func(w *world) { *w.container().SecurityContext.AllowPrivilegeEscalation = true }},
	{"cannot write to its image", func(w *world) bool {
		return *w.container().SecurityContext.ReadOnlyRootFilesystem
	}, func(w *world) { *w.container().SecurityContext.ReadOnlyRootFilesystem = false }},
	{"has no capabilities", func(w *world) bool {
		c := w.container().SecurityContext.Capabilities
		return slices.Equal(c.Drop, []core.Capability{"ALL"}) && len(c.Add) == 0
	}, func(w *world) { w.container().SecurityContext.Capabilities.Add = []core.Capability{"NET_ADMIN"} }},
	{"says what it needs", func(w *world) bool {
		return !w.container().Resources.Requests.Memory().IsZero()
	}, func(w *world) { w.container().Resources.Requests = nil }},
	{"collects garbage before the limit", memoryFits, func(w *world) {
		w.container().Resources.Limits[core.ResourceMemory] = resource.MustParse("230Mi")
	}},
	{"is probed for its start, its progress and its readiness", func(w *world) bool {
		c := w.container()
		return asks(c.StartupProbe, "/livez") && asks(c.LivenessProbe, "/livez") && asks(c.ReadinessProbe, "/readyz")
	}, func(w *world) { w.container().LivenessProbe.HTTPGet.Path = "/readyz" }},
	{"has no secret in its environment", func(w *world) bool {
		return len(w.container().EnvFrom) == 0 && !slices.ContainsFunc(w.container().Env, func(e core.EnvVar) bool {
			secret := slices.ContainsFunc([]string{"KEY", "TOKEN", "PASSWORD", "SECRET"}, func(word string) bool {
				return strings.Contains(strings.ToUpper(e.Name), word)
			})
			return secret || strings.Contains(e.Value, "@")
		})
	}, func(w *world) {
		w.container().Env = append(w.container().Env, core.EnvVar{Name: "MOMENTO_API_KEY", Value: "x"})
	}},
	{"has each variable once", func(w *world) bool {
		var names []string
		for _, e := range w.container().Env {
			names = append(names, e.Name)
		}
		slices.Sort(names)
		return len(slices.Compact(slices.Clone(names))) == len(names)
	}, func(w *world) { w.container().Env = append(w.container().Env, w.container().Env...) }},
	{"listens where the others ask", portsMatch, func(w *world) { w.container().Ports[0].ContainerPort++ }},
}

// memoryFits compares GOMEMLIMIT with the limit: between 80 and 95 % of it.
func memoryFits(w *world) bool {
	limit, has := w.container().Resources.Limits[core.ResourceMemory]
	i := slices.IndexFunc(w.container().Env, func(e core.EnvVar) bool { return e.Name == "GOMEMLIMIT" })
	if !has || i < 0 {
		return has == (i >= 0)
	}
	mib, ok := strings.CutSuffix(w.container().Env[i].Value, "MiB")
	n, err := strconv.ParseInt(mib, 10, 64)
	share := float64(n<<20) / float64(limit.Value())
	return ok && err == nil && share > 0.8 && share < 0.95
}

func asks(p *core.Probe, path string) bool {
	if p.Exec != nil {
		return slices.Equal(p.Exec.Command[:3], []string{"momento-bridge", "status", "--live"})
	}
	return p.HTTPGet.Path == path && p.HTTPGet.Port.StrVal == "metrics"
}

// portsMatch compares the container's port with the configuration, the policy, the monitor and the annotation.
func portsMatch(w *world) bool {
	ports := w.container().Ports
	if len(ports) == 0 {
		return w.monitor == nil && (w.network == nil || len(w.network.Spec.Ingress) == 0)
	}
	number := strconv.Itoa(int(ports[0].ContainerPort))
	told := w.deployment.Spec.Template.Annotations["prometheus.io/port"]
	return (w.config == nil || strings.HasSuffix(w.file.Admin.Listen, ":"+number)) && (told == "" || told == number) &&
		(w.monitor == nil || *w.monitor.Spec.PodMetricsEndpoints[0].Port == ports[0].Name) &&
		(w.network == nil || len(w.network.Spec.Ingress) == 0 ||
			w.network.Spec.Ingress[0].Ports[0].Port.StrVal == ports[0].Name)
}

var wholeRules = []rule{
	{"names fit, and are no namespace", func(w *world) bool {
		for _, o := range w.objects {
			if len(validation.IsDNS1123Label(o.GetName())) > 0 || o.GetNamespace() != "" {
				return false
			}
		}
		return true
	}, func(w *world) { w.deployment.Name = strings.Repeat("a", 64) }},
	{"labels are such that Kubernetes takes them", func(w *world) bool {
		for _, o := range w.objects {
			for key, value := range o.GetLabels() {
				if len(validation.IsQualifiedName(key)) > 0 || len(validation.IsValidLabelValue(value)) > 0 {
					return false
				}
			}
		}
		return true
	}, func(w *world) { w.deployment.Labels["x"] = "a b" }},
	{"everything is labelled as a part of the release", func(w *world) bool {
		for _, o := range w.objects {
			for key, value := range w.deployment.Spec.Selector.MatchLabels {
				if o.GetLabels()[key] != value {
					return false
				}
			}
		}
		return true
	}, func(w *world) { w.deployment.Labels = nil }},
	{"everything that selects pods selects those of the release", selectorsMatch, func(w *world) {
		w.deployment.Spec.Template.Labels = nil
	}},
	{"one alone decides how many replicas there are", func(w *world) bool {
		scaled := w.hpa != nil || w.keda != nil
		return scaled == (w.deployment.Spec.Replicas == nil) &&
			(w.hpa == nil || w.hpa.Spec.ScaleTargetRef.Name == w.deployment.Name) &&
			(w.keda == nil || w.keda.Spec.ScaleTargetRef.Name == w.deployment.Name)
	}, func(w *world) { w.deployment.Spec.Replicas = nil }},
	{"a configuration that the daemon takes", func(w *world) bool {
		if w.config == nil {
			return true
		}
		file := w.file
		file.Validate()
		return file.Err() == nil
	}, func(w *world) { w.file.Routes[0].Cache = "" }},
	{"nobody but who is in the pod or has a token controls it", func(w *world) bool {
		control := w.file.Admin.Control
		return w.config == nil || !w.file.Admin.Pprof && (control == "loopback" || strings.HasPrefix(control, "/"))
	}, func(w *world) { w.file.Admin.Control = "" }},
}

func selectorsMatch(w *world) bool {
	selector := w.deployment.Spec.Selector.MatchLabels
	for key, value := range selector {
		if w.deployment.Spec.Template.Labels[key] != value {
			return false
		}
	}
	return (w.budget == nil || maps.Equal(w.budget.Spec.Selector.MatchLabels, selector)) &&
		(w.network == nil || maps.Equal(w.network.Spec.PodSelector.MatchLabels, selector)) &&
		(w.monitor == nil || maps.Equal(w.monitor.Spec.Selector.MatchLabels, selector))
}
