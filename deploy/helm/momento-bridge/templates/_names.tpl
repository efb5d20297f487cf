{{/* The chart's name, which is the label app.kubernetes.io/name. */}}
{{- define "momento-bridge.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* The name of all objects: 52 bytes at most, so that suffixes fit. What is longer ends with a hash, as two releases
may have the same first bytes. */}}
{{- define "momento-bridge.fullname" -}}
{{- $name := include "momento-bridge.name" . -}}
{{- $full := .Values.fullnameOverride -}}
{{- if not $full -}}
{{- $full = contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- end -}}
{{- $full = replace "." "-" $full -}}
{{- if gt (len $full) 52 -}}
{{- $full = printf "%s-%s" (trunc 43 $full | trimSuffix "-") (sha256sum $full | trunc 8) -}}
{{- end -}}
{{- $full -}}
{{- end }}

{{/* Labels by which pods are found. They never change, as selectors cannot. */}}
{{- define "momento-bridge.selector" -}}
{{- dict "app.kubernetes.io/name" (include "momento-bridge.name" .) "app.kubernetes.io/instance" .Release.Name | toYaml -}}
{{- end }}

{{/* Labels of every object, as YAML. Takes a list: the root, and labels to be added. */}}
{{- define "momento-bridge.labels" -}}
{{- $root := index . 0 -}}
{{- $labels := include "momento-bridge.selector" $root | fromYaml -}}
{{- $_ := set $labels "app.kubernetes.io/version" ($root.Chart.AppVersion | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- range slice . 1 -}}
{{- $labels = merge $labels (. | default dict) -}}
{{- end -}}
{{- toYaml (merge $labels ($root.Values.labels | default dict)) -}}
{{- end }}

{{/* The name of the ConfigMap that has the configuration. */}}
{{- define "momento-bridge.configMap" -}}
{{ .Values.existingConfigMap.name | default (include "momento-bridge.fullname" .) }}
{{- end }}

{{/* The scrape job's name, which is in alerts and in the query by which KEDA scales. */}}
{{- define "momento-bridge.job" -}}
{{ .Values.monitoring.job | default (printf "momento-bridge/%s/%s" .Release.Namespace (include "momento-bridge.fullname" .)) }}
{{- end }}

{{/* The service account of the pods; empty: the namespace's. */}}
{{- define "momento-bridge.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "momento-bridge.fullname" .) "") }}
{{- end }}

{{/* The image: a digest comes before a tag. */}}
{{- define "momento-bridge.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default (.Chart.AppVersion | replace "+" "_") }}
{{- end -}}
{{- end }}
