{{/* How fast replicas come and go. */}}
{{- define "momento-bridge.scaling" -}}
scaleUp:
  stabilizationWindowSeconds: 60
  policies: [{type: Pods, value: 1, periodSeconds: 60}] # A lease is settled before the next one moves.
scaleDown:
  stabilizationWindowSeconds: 600
  policies: [{type: Pods, value: 1, periodSeconds: 60}]
{{- end }}
