{{/* What neither the schema nor the daemon can find: values that do not go together. Each message begins with a key. */}}
{{- define "momento-bridge.check" -}}
{{- $config := .Values.config | default dict -}}
{{- $files := include "momento-bridge.files" . | fromJsonArray -}}
{{- if .Values.existingConfigMap.name -}}
{{- if $config.routes -}}
{{- fail "existingConfigMap.name: the file is there already: leave config.routes out" -}}
{{- end -}}
{{- else -}}
{{- include "momento-bridge.checkConfig" . -}}
{{- end -}}
{{- range $files -}}
{{- if and .secret .configMap -}}
{{- fail (printf "secrets.%s: a file comes from a secret or a configMap, not from both" .path) -}}
{{- end -}}
{{- end -}}
{{- $shutdown := include "momento-bridge.shutdown" . | int64 -}}
{{- if lt (include "momento-bridge.grace" . | int64) (add $shutdown 5) -}}
{{- fail (printf "terminationGracePeriodSeconds: at least %d are needed: config.shutdown_timeout and 5 s, in which leases are handed over" (add $shutdown 5)) -}}
{{- end -}}
{{- with ((.Values.resources).limits).memory -}}
{{- if lt (include "momento-bridge.bytes" . | int64) 33554432 -}}
{{- fail (printf "resources.limits.memory: %v is less than 32Mi, which the daemon needs; a unit is Mi or Gi" .) -}}
{{- end -}}
{{- end -}}
{{- range $what := list "cpu" "memory" -}}
{{- $request := get (($.Values.resources).requests | default dict) $what -}}
{{- $limit := get (($.Values.resources).limits | default dict) $what -}}
{{- if and $request $limit (gt (include "momento-bridge.thousandths" $request | int64) (include "momento-bridge.thousandths" $limit | int64)) -}}
{{- fail (printf "resources.requests.%s: %v is more than resources.limits.%s, %v" $what $request $what $limit) -}}
{{- end -}}
{{- end -}}
{{- $queue := ($config.queue | default dict).max_bytes | default "64MiB" -}}
{{- $limit := ((.Values.resources).limits).memory -}}
{{- if and (not .Values.existingConfigMap.name) $limit (gt (include "momento-bridge.size" $queue | int64 | mul 2) (include "momento-bridge.bytes" $limit | int64)) -}}
{{- fail (printf "resources.limits.memory: %v does not hold config.queue.max_bytes, %v, and as much again" $limit (kindIs "string" $queue | ternary $queue (include "momento-bridge.size" $queue))) -}}
{{- end -}}
{{- $port := include "momento-bridge.port" . -}}
{{- if and (not $port) (not .Values.probes.exec) -}}
{{- fail "config.admin.listen: the kubelet asks from outside of the pod: name a port that it reaches, such as \":9464\", or set probes.exec" -}}
{{- end -}}
{{- if and (not $port) .Values.monitoring.podMonitor.enabled -}}
{{- fail "monitoring.podMonitor.enabled: config.admin.listen has no port that Prometheus reaches" -}}
{{- end -}}
{{- if and (eq .Values.state.volume "claim") (not .Values.state.claim) -}}
{{- fail "state.claim: name the PersistentVolumeClaim" -}}
{{- end -}}
{{- if and .Values.state.claim (ne .Values.state.volume "claim") -}}
{{- fail "state.claim: it is used where state.volume is claim" -}}
{{- end -}}
{{- if and (ne .Values.state.volume "none") $config.state_dir -}}
{{- fail "config.state_dir: the volume of state.volume is found by the daemon itself: leave it out" -}}
{{- end -}}
{{- if gt (int64 .Values.autoscaling.min) (int64 .Values.autoscaling.max) -}}
{{- fail "autoscaling.min: it is more than autoscaling.max" -}}
{{- end -}}
{{- if not (contains "momento-bridge" (include "momento-bridge.job" .)) -}}
{{- fail "monitoring.job: the alerts find daemons by momento-bridge in the job's name" -}}
{{- end -}}
{{- end }}

{{/* What must be in config, and what must not. */}}
{{- define "momento-bridge.checkConfig" -}}
{{- $config := .Values.config | default dict -}}
{{- if not $config.routes -}}
{{- fail "config.routes: there is no route yet: say what is carried where, as in examples/kubernetes" -}}
{{- end -}}
{{- $momento := $config.momento | default dict -}}
{{- $paths := list -}}
{{- range include "momento-bridge.files" . | fromJsonArray -}}
{{- $paths = append $paths .path -}}
{{- $at := $config -}}
{{- range splitList "." .path -}}{{- $at = get ($at | default dict) . -}}{{- end -}}
{{- if and $at (ne .path "admin.control") -}}
{{- fail (printf "config.%s: it is the path of secrets.%s: leave it out" .path .path) -}}
{{- end -}}
{{- end -}}
{{- if not (or $momento.api_key_file $momento.api_key_url (has "momento.api_key_file" $paths)) -}}
{{- fail "secrets.momento.api_key_file.secret: name the Secret that has the API key, or set config.momento.api_key_url" -}}
{{- end -}}
{{- if contains "@" (($config.nats | default dict).url | default "" | toString) -}}
{{- fail "config.nats.url: a password or a token does not belong into a ConfigMap: set config.nats.user and secrets.nats.password_file, or secrets.nats.token_file" -}}
{{- end -}}
{{- if contains "@" ($momento.proxy | default "" | toString) -}}
{{- fail "config.momento.proxy: a password does not belong into a ConfigMap: set HTTPS_PROXY from a Secret by extraEnv" -}}
{{- end -}}
{{- include "momento-bridge.checkFiles" (include "momento-bridge.config" . | fromYaml) -}}
{{- end }}

{{/* Which files go with which keys. The schema cannot say it, as a file may stand in config or in secrets. Takes the
whole configuration. */}}
{{- define "momento-bridge.checkFiles" -}}
{{- $momento := .momento | default dict -}}
{{- if and $momento.api_key_file $momento.api_key_url -}}
{{- fail "config.momento.api_key_url: it is instead of secrets.momento.api_key_file, not besides" -}}
{{- end -}}
{{- if and (or $momento.api_key_url_headers_file $momento.api_key_url_body_file) (not $momento.api_key_url) -}}
{{- fail "config.momento.api_key_url: headers and body are for a request to it" -}}
{{- end -}}
{{- if and $momento.api_key_url_body_file (ne ($momento.api_key_url_method | default "GET") "POST") -}}
{{- fail "config.momento.api_key_url_method: a body needs POST" -}}
{{- end -}}
{{- $nats := .nats | default dict -}}
{{- $kinds := list -}}
{{- range list "creds_file" "nkey_file" "user" "token_file" -}}
{{- if get $nats . -}}{{- $kinds = append $kinds . -}}{{- end -}}
{{- end -}}
{{- if gt (len $kinds) 1 -}}
{{- fail (printf "config.nats: one kind of credentials, not several: %s" (join ", " $kinds)) -}}
{{- end -}}
{{- if and (not $nats.context) (ne (empty $nats.user) (empty $nats.password_file)) -}}
{{- fail "config.nats.user: a user and secrets.nats.password_file go together" -}}
{{- end -}}
{{- $tls := $nats.tls | default dict -}}
{{- if ne (empty $tls.cert_file) (empty $tls.key_file) -}}
{{- fail "secrets.nats.tls: a client's certificate (cert_file) and its key (key_file) go together" -}}
{{- end -}}
{{- end }}
