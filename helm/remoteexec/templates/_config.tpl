{{/* Configurations of servers and workers: what follows from the values, then .Values.config, then that of the component. */}}

{{- define "remoteexec.merged" -}}
{{- $made := fromYaml .made -}}
{{- if hasKey $made "Error" }}{{ fail (printf "the configuration is no YAML: %s" $made.Error) }}{{ end -}}
{{- $merged := mergeOverwrite $made (deepCopy .common) (deepCopy .own) -}}
{{- toYaml $merged -}}
{{- end -}}

{{/* A connection to one of the two Redis: dict "root" $ "which" "results" or "scheduler". */}}
{{- define "remoteexec.redis" -}}
{{- $redis := .root.Values.redis -}}
{{- if $redis.dev -}}
endpoints: [ "{{ include "remoteexec.fullname" .root }}-dev-redis-{{ .which }}:6379" ]
{{- else -}}
{{- $endpoints := ternary $redis.endpoints $redis.schedulerEndpoints (eq .which "results") -}}
{{- if and (not $endpoints) (eq .which "results") }}{{ fail "redis.endpoints is missing: in mode: cluster results are in a Redis that front ends share; name it, or try with redis.dev: true" }}{{ end -}}
{{- if not $endpoints }}{{ fail "redis.schedulerEndpoints is missing: schedulers follow each other through a Redis that does not evict; name it, or try with redis.dev: true" }}{{ end -}}
endpoints: {{ toJson $endpoints }}
{{- end }}
{{- if not $redis.dev }}
topology: {{ $redis.topology }}
tls: {{ $redis.tls }}
{{- if $redis.existingSecret }}
passwordFile: /etc/remoteexec/redis/{{ $redis.secretKey }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Blobs on the disk, and in a bucket behind it if there is one. The prefix is overridden for each pod (remoteexec.serverArgs). */}}
{{- define "remoteexec.diskStores" -}}
disk: { segments: { path: /data/cas, maxBytes: {{ .maxBytes | quote }} } }
{{- with .root.Values.s3 }}
{{- if or .bucket .dev }}
bucket:
  s3:
    bucket: {{ .bucket | default "remoteexec" }}
    prefix: {{ .prefix | quote }}
    path: /data/s3
    region: {{ .region }}
    {{- if .dev }}
    endpoint: "http://{{ include "remoteexec.fullname" $.root }}-dev-s3:9000"
    pathStyle: true
    {{- else }}
    {{- with .endpoint }}
    endpoint: {{ . | quote }}
    {{- end }}
    pathStyle: {{ .pathStyle }}
    {{- end }}
    maxBytes: {{ .maxBytes | quote }}
blobs: { fastSlow: { fast: disk, slow: bucket, slowWrites: optional } }
{{- else }}
blobs: disk
{{- end }}
{{- end }}
{{- end -}}

{{- define "remoteexec.workerListener" -}}
{{- if .Values.execution.enabled }}
workers: 0.0.0.0:8982
workerAuth: { tokenFile: /etc/remoteexec/worker-tokens/tokens }
{{- end }}
{{- end -}}

{{- define "remoteexec.clientTls" -}}
{{- if .Values.tls.enabled }}
tls: { certificate: /etc/remoteexec/tls/tls.crt, key: /etc/remoteexec/tls/tls.key }
{{- end }}
{{- end -}}

{{- define "remoteexec.serverTls" -}}
{{- if include "remoteexec.serversTls" . }}
tls: { certificate: /etc/remoteexec/tls/tls.crt, key: /etc/remoteexec/tls/tls.key }
{{- end }}
{{- end -}}

{{/* Whether front ends know who calls, so that they can say so to the schedulers. */}}
{{- define "remoteexec.knowsCallers" -}}
{{- if hasKey .Values.front.config "auth" }}yes{{ end -}}
{{- end -}}

{{/* What a server that only servers call asks them for. Metrics are for whom the NetworkPolicies let through. */}}
{{- define "remoteexec.serverAuth" -}}
auth: { tokens: { file: /etc/remoteexec/server-tokens/tokens }, publicMetrics: true }
{{- end -}}

{{/* What is said of other schedulers, and shown to them. */}}
{{- define "remoteexec.peers" -}}
peers:
  tokenFile: /etc/remoteexec/worker-tokens/token
  {{- if include "remoteexec.serversTls" . }}
  caFile: /etc/remoteexec/servers/ca.crt
  tlsServerName: {{ include "remoteexec.fullname" . }}-scheduler
  {{- if include "remoteexec.knowsCallers" . }}
  clientTokenFile: /etc/remoteexec/server-token/token
  {{- end }}
  {{- end }}
{{- end -}}

{{- define "remoteexec.executionLimits" -}}
enabled: {{ .Values.execution.enabled }}
{{- if include "remoteexec.isScaled" . }}
autoscaling: true
noWorkerTimeout: 10m
{{- end }}
{{- end -}}

{{- define "remoteexec.operatorTokens" -}}
{{- if .Values.operators.existingSecret }}
operators: { tokenFile: /etc/remoteexec/operators/tokens }
{{- end }}
{{- end -}}

{{/* dict "root" $ "own" CONFIG: whether a server may be opened to all who reach it, which NetworkPolicies bound. Not where it is said who may what. */}}
{{- define "remoteexec.insecure" -}}
{{- if and (include "remoteexec.serversTls" .root) (hasKey .root.Values.config "auth") -}}
{{- fail "config.auth would be that of storage nodes and schedulers as well, which servers alone call and have tokens of their own (tls.servers): put it into front.config" -}}
{{- end -}}
{{- if and .root.Values.insecure (not (hasKey .root.Values.config "auth")) (not (hasKey .own "auth")) -}}
insecure: true
{{- end }}
{{- end -}}

{{- define "remoteexec.made.single" -}}
data: /data
{{- with include "remoteexec.insecure" (dict "root" . "own" .Values.front.config) }}
{{ . }}
{{- end }}
maxSize: {{ .Values.single.maxSize | quote }}
listeners:
  grpc: 0.0.0.0:8980
  http: 0.0.0.0:8981
  {{- include "remoteexec.workerListener" . | nindent 2 }}
  {{- include "remoteexec.clientTls" . | nindent 2 }}
{{- if or .Values.s3.bucket .Values.s3.dev }}
stores:
  {{- include "remoteexec.diskStores" (dict "root" . "maxBytes" .Values.single.maxSize) | nindent 2 }}
cas: { store: blobs }
{{- end }}
actionCache: { updates: {{ .Values.results.updates }} }
execution:
  {{- include "remoteexec.executionLimits" . | nindent 2 }}
{{- include "remoteexec.operatorTokens" . }}
worker: { slots: 0 }
log: { format: json }
{{- end -}}

{{- define "remoteexec.made.storage" -}}
data: /data
{{- if include "remoteexec.serversTls" . }}
{{ include "remoteexec.serverAuth" . }}
{{- else }}
{{- with include "remoteexec.insecure" (dict "root" . "own" .Values.storage.config) }}
{{ . }}
{{- end }}
{{- end }}
maxSize: 1GiB
listeners:
  grpc: 0.0.0.0:8980
  http: 0.0.0.0:8981
  {{- include "remoteexec.serverTls" . | nindent 2 }}
stores:
  {{- include "remoteexec.diskStores" (dict "root" . "maxBytes" .Values.storage.maxBytes) | nindent 2 }}
cas: { store: blobs }
actionCache: { updates: false }
execution: { enabled: false }
builds: { maxBytes: "0" }
worker: { slots: 0 }
log: { format: json }
{{- end -}}

{{/* What front ends and schedulers have in common: blobs are on the storage nodes, results in Redis, what builds do is told to all. */}}
{{- define "remoteexec.made.clusterStores" -}}
{{- $root := . -}}
{{- $name := include "remoteexec.fullname" . -}}
{{- $sides := list "a" "b" "c" -}}
{{- $scheme := include "remoteexec.serverScheme" . -}}
{{- $shown := ternary ", caFile: /etc/remoteexec/servers/ca.crt, tokenFile: /etc/remoteexec/server-token/token" "" (eq $scheme "grpcs") -}}
data: /data
maxSize: 1GiB
stores:
  {{- range $shard := until (int .Values.storage.shards) }}
  {{- range $side := slice $sides 0 (int $root.Values.storage.mirrors) }}
  {{ $side }}{{ $shard }}: { remote: { url: "{{ $scheme }}://{{ $name }}-storage-{{ $side }}-{{ $shard }}.{{ $name }}-storage.{{ $root.Release.Namespace }}.svc:8980", patience: 0s{{ $shown }} } }
  {{- end }}
  {{- end }}
  blobs:
    shard:
      nodes:
        {{- range $shard := until (int .Values.storage.shards) }}
        - name: s{{ $shard }}
          {{- if eq (int $root.Values.storage.mirrors) 1 }}
          store: a{{ $shard }}
          {{- else }}
          store: { mirror: { stores: [ {{ range $i, $side := slice $sides 0 (int $root.Values.storage.mirrors) }}{{ if $i }}, {{ end }}{{ $side }}{{ $shard }}{{ end }} ] } }
          {{- end }}
          {{- with get $root.Values.storage.states (toString $shard) }}
          state: {{ . }}
          {{- end }}
        {{- end }}
  shared:
    redis:
      {{- include "remoteexec.redis" (dict "root" . "which" "results") | nindent 6 }}
  own: { segments: { path: /data/results, maxBytes: {{ .Values.front.ownResults }} } }
cas: { store: blobs }
builds:
  shared:
    redis:
      {{- include "remoteexec.redis" (dict "root" . "which" "results") | nindent 6 }}
{{- include "remoteexec.operatorTokens" . }}
worker: { slots: 0 }
log: { format: json }
{{- end -}}

{{- define "remoteexec.made.front" -}}
{{ include "remoteexec.made.clusterStores" . }}
{{- with include "remoteexec.insecure" (dict "root" . "own" .Values.front.config) }}
{{ . }}
{{- end }}
actionCache: { store: { fallback: { first: shared, then: own } }, updates: {{ .Values.results.updates }} }
listeners:
  grpc: 0.0.0.0:8980
  http: 0.0.0.0:8981
  {{- include "remoteexec.workerListener" . | nindent 2 }}
  {{- include "remoteexec.clientTls" . | nindent 2 }}
execution:
  {{- include "remoteexec.executionLimits" . | nindent 2 }}
  {{- if .Values.execution.enabled }}
  scheduler:
    ha: redis
    candidate: false
    redis:
      {{- include "remoteexec.redis" (dict "root" . "which" "scheduler") | nindent 6 }}
    {{- include "remoteexec.peers" . | nindent 4 }}
  {{- end }}
{{- if or .Values.redis.dev .Values.redis.schedulerEndpoints }}
references: # names must not be evicted, as results may be
  redis:
    {{- include "remoteexec.redis" (dict "root" . "which" "scheduler") | nindent 4 }}
{{- end }}
{{- end -}}

{{- define "remoteexec.serverScheme" -}}
{{- ternary "grpcs" "grpc" (eq (include "remoteexec.serversTls" .) "yes") -}}
{{- end -}}

{{/* Where others reach a scheduler is said for each pod (remoteexec.serverArgs), in the place of the names here, which nothing has. */}}
{{- define "remoteexec.made.scheduler" -}}
{{ include "remoteexec.made.clusterStores" . }}
{{- if and (include "remoteexec.serversTls" .) (include "remoteexec.knowsCallers" .) }}
{{ include "remoteexec.serverAuth" . }}
{{- else }}
{{- with include "remoteexec.insecure" (dict "root" . "own" .Values.scheduler.config) }}
{{ . }}
{{- end }}
{{- end }}
actionCache: { store: { fallback: { first: shared, then: own } }, updates: {{ .Values.results.updates }} }
listeners:
  grpc: 0.0.0.0:8980
  http: 0.0.0.0:8981
  {{- include "remoteexec.workerListener" . | nindent 2 }}
  {{- include "remoteexec.serverTls" . | nindent 2 }}
execution:
  {{- include "remoteexec.executionLimits" . | nindent 2 }}
  scheduler:
    ha: redis
    redis:
      {{- include "remoteexec.redis" (dict "root" . "which" "scheduler") | nindent 6 }}
    advertise: { grpc: "{{ include "remoteexec.serverScheme" . }}://pod.invalid:8980", workers: "{{ include "remoteexec.serverScheme" . }}://pod.invalid:8982" }
    {{- include "remoteexec.peers" . | nindent 4 }}
{{- end -}}

{{/* Whether workers reach blobs by leases, which schedulers sign and front ends take: where front ends know who calls. The same arguments. */}}
{{- define "remoteexec.signsLeases" -}}
{{- $known := or (hasKey .root.Values.config "auth") (hasKey .root.Values.front.config "auth") -}}
{{- if and $known .root.Values.execution.enabled (or (eq .component "front") (eq .component "scheduler")) }}yes{{ end -}}
{{- end -}}

{{/* dict "root" $ "component" NAME, where NAME is single, storage, front or scheduler. */}}
{{- define "remoteexec.config" -}}
{{- $section := ternary "front" .component (eq .component "single") -}}
{{- $made := include (printf "remoteexec.made.%s" .component) .root -}}
{{- if include "remoteexec.signsLeases" . -}}
{{- $made = mergeOverwrite (fromYaml $made) (dict "auth" (dict "leases" (dict "keyFile" "/etc/remoteexec/worker-tokens/leases"))) | toYaml -}}
{{- end -}}
{{- include "remoteexec.merged" (dict "made" $made "common" .root.Values.config "own" (get .root.Values $section).config) -}}
{{- end -}}

{{/* dict "root" $ "pool" ALL_ITS_SETTINGS */}}
{{- define "remoteexec.config.worker" -}}
{{- $made := dict "data" "/data" "log" (dict "format" "json") "worker" (dict "slots" (int .pool.slots) "http" "0.0.0.0:8983" "cacheBytes" .pool.cacheBytes) -}}
{{- if .pool.properties }}{{ $_ := set $made.worker "platform" .pool.properties }}{{ end -}}
{{- if .pool.tier }}{{ $_ := set $made.worker "sandbox" (dict "tier" .pool.tier) }}{{ end -}}
{{- include "remoteexec.merged" (dict "made" (toYaml $made) "common" dict "own" .pool.config) -}}
{{- end -}}
