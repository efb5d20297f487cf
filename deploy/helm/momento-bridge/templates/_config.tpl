{{/* Where the files of secrets are. */}}
{{- define "momento-bridge.secretsPath" -}}
/var/run/secrets/momento-bridge
{{- end }}

{{/* The files that secrets name, as a JSON list: the key of config, the name of the file, and where it comes from. */}}
{{- define "momento-bridge.files" -}}
{{- $found := list -}}
{{- range list "admin.control" "admin.web_config_file" "momento.api_key_file" "momento.api_key_url_body_file"
  "momento.api_key_url_headers_file" "momento.tls.ca_file" "nats.creds_file" "nats.nkey_file" "nats.password_file"
  "nats.tls.ca_file" "nats.tls.cert_file" "nats.tls.key_file" "nats.token_file" -}}
{{- $at := $.Values.secrets | default dict -}}
{{- range splitList "." . -}}
{{- $at = get $at . | default dict -}}
{{- end -}}
{{- if or $at.secret $at.configMap -}}
{{- $file := . | trimSuffix "_file" | replace "." "-" | replace "_" "-" -}}
{{- $found = append $found (dict "path" . "file" $file "secret" $at.secret "configMap" $at.configMap "key" $at.key) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* The configuration file: config, with the paths of secrets and the group of this release. Nothing in it is taken for
a template of Helm's. */}}
{{- define "momento-bridge.config" -}}
{{- $config := deepCopy (.Values.config | default dict) -}}
{{- range include "momento-bridge.files" . | fromJsonArray -}}
{{- $at := $config -}}
{{- $names := splitList "." .path -}}
{{- range initial $names -}}
{{- if not (get $at . ) -}}{{- $_ := set $at . dict -}}{{- end -}}
{{- $at = get $at . -}}
{{- end -}}
{{- $_ := set $at (last $names) (printf "%s/%s" (include "momento-bridge.secretsPath" $) .file) -}}
{{- end -}}
{{- if not $config.limits -}}{{- $_ := set $config "limits" dict -}}{{- end -}}
{{- if not $config.limits.group -}}
{{- $_ := set $config.limits "group" (printf "%s/%s" .Release.Namespace (include "momento-bridge.fullname" .)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* The port of the admin listener that others may reach; empty where there is none. */}}
{{- define "momento-bridge.port" -}}
{{- range splitList "," (((.Values.config).admin).listen | default "" | toString) -}}
{{- $one := trim . -}}
{{- if not (regexMatch "^(unix:|localhost:|127[.]|\\[::1\\])" $one) -}}
{{- regexFind "[1-9][0-9]*$" $one -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The ports of NATS, as a JSON list: those that config.nats.url names, or those of its schemes. */}}
{{- define "momento-bridge.natsPorts" -}}
{{- $ports := list -}}
{{- range splitList "," (((.Values.config).nats).url | default "" | toString) -}}
{{- $server := regexReplaceAll "^([a-z]+://)?([^/]*@)?" (trim .) "" | regexFind "^[^/?#]*" -}}
{{- $port := regexFind ":[0-9]+$" $server | regexFind "[1-9][0-9]*$" -}}
{{- if not $port -}}
{{- $port = dict "ws://" "80" "wss:/" "443" | dig (trim . | trunc 5) "4222" -}}
{{- end -}}
{{- $ports = append $ports (int $port) -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end }}
