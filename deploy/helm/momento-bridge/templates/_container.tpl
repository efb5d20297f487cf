{{/* The container, without its name. */}}
{{- define "momento-bridge.container" -}}
image: {{ include "momento-bridge.image" . | toYaml }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [run, -c, /etc/momento-bridge/config.yaml]
{{- with include "momento-bridge.port" . }}
ports:
  - {name: metrics, containerPort: {{ . }}}
{{- end }}
{{- with include "momento-bridge.env" . | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
startupProbe:
  {{- include "momento-bridge.probe" (list . "/livez") | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 30
# Progress inside the daemon only: an outage of NATS or Momento must not restart it. When this fails, it has
# been stuck for half a minute or longer.
livenessProbe:
  {{- include "momento-bridge.probe" (list . "/livez") | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
# NATS, the consumers, the key and the endpoint, with reasons in the body. A replica that stands by is ready.
readinessProbe:
  {{- include "momento-bridge.probe" (list . "/readyz") | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 5
volumeMounts:
  - {name: config, mountPath: /etc/momento-bridge, readOnly: true}
  {{- if include "momento-bridge.files" . | fromJsonArray }}
  - {name: secrets, mountPath: {{ include "momento-bridge.secretsPath" . }}, readOnly: true}
  {{- end }}
  {{- if ne .Values.state.volume "none" }}
  - {name: state, mountPath: /state} # What was learned of quotas, and pauses.
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* How a probe asks: a request, or a command where the kubelet cannot send one. Takes the root and the path. */}}
{{- define "momento-bridge.probe" -}}
{{- $root := index . 0 -}}
{{- if $root.Values.probes.exec -}}
exec: {command: [momento-bridge, status, --live, -c, /etc/momento-bridge/config.yaml]}
{{- else if ((($root.Values.secrets).admin).web_config_file).secret -}}
httpGet: {path: {{ index . 1 }}, port: metrics, scheme: HTTPS}
{{- else -}}
httpGet: {path: {{ index . 1 }}, port: metrics}
{{- end -}}
{{- end }}

{{/* The container's environment. */}}
{{- define "momento-bridge.env" -}}
{{- $extra := list -}}
{{- range .Values.extraEnv -}}{{- $extra = append $extra .name -}}{{- end -}}
{{- $memory := include "momento-bridge.memory" . -}}
{{- if and $memory (not (has "GOMEMLIMIT" $extra)) }}
# The garbage collector works harder as memory comes near this. The limit leaves room above it.
- name: GOMEMLIMIT
  value: {{ $memory }}
{{- end }}
{{- if ne .Values.state.volume "none" }}
- name: STATE_DIRECTORY
  value: /state
{{- end }}
{{- range list (list "HTTPS_PROXY" .Values.proxy.https) (list "HTTP_PROXY" .Values.proxy.http) (list "NO_PROXY" .Values.proxy.except)
  (list "OTEL_EXPORTER_OTLP_ENDPOINT" .Values.tracing.endpoint) (list "OTEL_TRACES_SAMPLER" .Values.tracing.sampler)
  (list "OTEL_TRACES_SAMPLER_ARG" .Values.tracing.samplerArg) }}
{{- if and (last . | toString) (not (has (first .) $extra)) }}
- name: {{ first . }}
  value: {{ last . | toString | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
