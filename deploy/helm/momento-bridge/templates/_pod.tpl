{{/* Annotations of the pods: a change of the configuration is one of the pods, which are replaced then. What is said to
Prometheus may be said otherwise by podAnnotations. */}}
{{- define "momento-bridge.podAnnotations" -}}
{{- $all := dict -}}
{{- $own := dict -}}
{{- if not .Values.existingConfigMap.name -}}
{{- $_ := set $all "checksum/config" (include "momento-bridge.config" . | sha256sum) -}}
{{- end -}}
{{- $port := include "momento-bridge.port" . -}}
{{- if and .Values.monitoring.annotations $port (not .Values.monitoring.podMonitor.enabled) -}}
{{- $_ := set $own "prometheus.io/scrape" "true" -}}
{{- $_ := set $own "prometheus.io/port" $port -}}
{{- $_ := set $own "prometheus.io/path" "/metrics" -}}
{{- if ((($.Values.secrets).admin).web_config_file).secret -}}{{- $_ := set $own "prometheus.io/scheme" "https" -}}{{- end -}}
{{- end -}}
{{- toYaml (merge $all (.Values.podAnnotations | default dict) $own) -}}
{{- end }}

{{/* The specification of the pods. */}}
{{- define "momento-bridge.pod" -}}
automountServiceAccountToken: false
{{- with include "momento-bridge.serviceAccount" . }}
serviceAccountName: {{ toYaml . }}
{{- end }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ include "momento-bridge.grace" . }} # shutdown_timeout, and time to hand over leases.
{{- with .Values.priorityClassName }}
priorityClassName: {{ toYaml . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "momento-bridge.placement" . }}
securityContext:
  runAsNonRoot: true
  {{- with .Values.user }}
  runAsUser: {{ int64 . }}
  {{- end }}
  {{- with .Values.group }}
  runAsGroup: {{ int64 . }}
  fsGroup: {{ int64 . }}
  {{- end }}
  seccompProfile: {type: RuntimeDefault}
containers:
  - name: momento-bridge
    {{- include "momento-bridge.container" . | trim | nindent 4 }}
volumes:
  {{- include "momento-bridge.volumes" . | trim | nindent 2 }}
{{- end }}

{{/* On which nodes the pods run. */}}
{{- define "momento-bridge.placement" -}}
{{- if kindIs "invalid" .Values.topologySpreadConstraints }}
topologySpreadConstraints: # A node or a zone that fails takes one replica along, as far as there are others.
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "momento-bridge.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- else if .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
{{- end }}
{{- range $key := list "affinity" "tolerations" "nodeSelector" }}
{{- with get $.Values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Volumes of the pods. */}}
{{- define "momento-bridge.volumes" -}}
- name: config
  configMap:
    name: {{ include "momento-bridge.configMap" . | toYaml }}
    {{- if and .Values.existingConfigMap.name (ne .Values.existingConfigMap.key "config.yaml") }}
    items: [{key: {{ .Values.existingConfigMap.key | toYaml }}, path: config.yaml}]
    {{- end }}
{{- with include "momento-bridge.files" . | fromJsonArray }}
- name: secrets # A directory, so that a new key arrives.
  projected:
    defaultMode: 0440
    sources:
      {{- range . }}
      - {{ empty .secret | ternary "configMap" "secret" }}:
          name: {{ .secret | default .configMap | toYaml }}
          items: [{key: {{ .key | toYaml }}, path: {{ .file }}}]
      {{- end }}
{{- end }}
{{- if eq .Values.state.volume "emptyDir" }}
- name: state
  emptyDir: {sizeLimit: {{ .Values.state.sizeLimit | toYaml }}}
{{- else if eq .Values.state.volume "claim" }}
- name: state
  persistentVolumeClaim: {claimName: {{ .Values.state.claim | toYaml }}}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
