{{/* Whole seconds of a duration as the configuration has it, such as 1m30s or 0; parts of a second count as one. */}}
{{- define "momento-bridge.seconds" -}}
{{- $unit := dict "ns" 0.000000001 "us" 0.000001 "µs" 0.000001 "μs" 0.000001 "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9.]+(ns|us|µs|μs|ms|s|m|h)" (toString .) -1 -}}
{{- $sum = addf $sum (mulf (regexFind "[0-9.]+" . | printf "0%s" | float64) (get $unit (regexReplaceAll "[0-9.]+" . ""))) -}}
{{- end -}}
{{- ceil $sum | int64 -}}
{{- end }}

{{/* shutdown_timeout in seconds. */}}
{{- define "momento-bridge.shutdown" -}}
{{- $timeout := (.Values.config).shutdown_timeout -}}
{{- include "momento-bridge.seconds" (kindIs "invalid" $timeout | ternary "20s" $timeout) -}}
{{- end }}

{{/* How long the kubelet waits before it kills: shutdown_timeout, and time to hand over leases. */}}
{{- define "momento-bridge.grace" -}}
{{- $grace := .Values.terminationGracePeriodSeconds -}}
{{- kindIs "invalid" $grace | ternary (include "momento-bridge.shutdown" . | int64 | add 10) $grace | int64 -}}
{{- end }}

{{/* Bytes of a quantity of Kubernetes, such as 256Mi, 1G or a number. */}}
{{- define "momento-bridge.bytes" -}}
{{- div (include "momento-bridge.thousandths" . | int64) 1000 -}}
{{- end }}

{{/* Bytes of a size as the configuration has it, such as 64MiB or a number. */}}
{{- define "momento-bridge.size" -}}
{{- if kindIs "string" . -}}
{{- regexReplaceAll "[+ B]" . "" | replace "K" "k" | replace "ki" "Ki" | include "momento-bridge.bytes" -}}
{{- else -}}
{{- int64 . -}}
{{- end -}}
{{- end }}

{{/* A quantity of Kubernetes in thousandths: of a byte, or of a CPU. */}}
{{- define "momento-bridge.thousandths" -}}
{{- if kindIs "string" . -}}
{{- $unit := dict "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0
  "m" 0.001 "k" 1000.0 "M" 1000000.0 "G" 1000000000.0 "T" 1000000000000.0 "" 1.0 -}}
{{- mulf (regexFind "^[0-9.]+([eE][0-9]+)?" . | printf "0%s" | float64) (get $unit (regexFind "[A-Za-z]*$" .)) 1000.0 | floor | int64 -}}
{{- else -}}
{{- mulf . 1000.0 | floor | int64 -}}
{{- end -}}
{{- end }}

{{/* GOMEMLIMIT: 90 % of the container's limit, so that the garbage collector works harder before the kernel kills. Empty
where there is no limit. */}}
{{- define "momento-bridge.memory" -}}
{{- with ((.Values.resources).limits).memory -}}
{{- div (mul (include "momento-bridge.bytes" . | int64) 9) 10485760 -}}MiB
{{- end -}}
{{- end }}
