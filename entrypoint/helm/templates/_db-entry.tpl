{{- /*
db-entry for a chart: copy this file into `templates/` and the block `dbEntry` into `values.yaml`.

In the pod template of a Deployment or StatefulSet:

      {{- with include "db-entry.initContainers" . }}
      initContainers:
        {{- . | nindent 8 }}
      {{- end }}
      …
      {{- with include "db-entry.volumes" . }}
      volumes:
        {{- . | nindent 8 }}
      {{- end }}

And in a file of its own: {{ include "db-entry.job" . }}

It uses `.Values.image.repository` and `.Values.image.tag`, as `helm create` makes them. The pod's
securityContext is the chart's; it needs a numeric runAsUser and an fsGroup (templates/deployment.yaml).
*/ -}}

{{- define "db-entry.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- .Values.dbEntry.image | default (printf "%s:%s" .Values.image.repository $tag) -}}
{{- end -}}

{{- define "db-entry.container" -}}
- name: migrate
  image: {{ include "db-entry.image" . | quote }}
  command: [{{ .Values.dbEntry.binary | quote }}, "apply"]
  env:
    - name: DB_ENTRY_DATABASE_URL_FILE
      value: /run/secrets/db-entry/url
    - name: DB_ENTRY_APP_VERSION
      value: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
    {{- if .Values.dbEntry.dumpsClaim }}
    - name: DB_ENTRY_DUMP_DIR
      value: /backups
    {{- end }}
    {{- with .Values.dbEntry.approve }}
    - name: DB_ENTRY_APPROVE
      value: {{ join " " . | quote }}
    {{- end }}
    {{- range $name, $value := .Values.dbEntry.settings }}
    - name: {{ $name }}
      value: {{ $value | quote }}
    {{- end }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  resources:
    {{- toYaml .Values.dbEntry.resources | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: db-entry-url
      mountPath: /run/secrets/db-entry
      readOnly: true
    {{- if .Values.dbEntry.dumpsClaim }}
    - name: db-entry-dumps
      mountPath: /backups
    {{- end }}
{{- end -}}

{{- define "db-entry.allVolumes" -}}
- name: db-entry-url
  secret:
    secretName: {{ .Values.dbEntry.urlSecret.name }}
    defaultMode: 0440
    items:
      - key: {{ .Values.dbEntry.urlSecret.key }}
        path: url
{{- if .Values.dbEntry.dumpsClaim }}
- name: db-entry-dumps
  persistentVolumeClaim:
    claimName: {{ .Values.dbEntry.dumpsClaim }}
{{- end }}
{{- end -}}

{{- define "db-entry.initContainers" -}}
{{- if eq .Values.dbEntry.mode "initContainer" -}}
{{- include "db-entry.container" . -}}
{{- end -}}
{{- end -}}

{{- define "db-entry.volumes" -}}
{{- if eq .Values.dbEntry.mode "initContainer" -}}
{{- include "db-entry.allVolumes" . -}}
{{- end -}}
{{- end -}}

{{- define "db-entry.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "db-entry.job" -}}
{{- if eq .Values.dbEntry.mode "job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations:
    "helm.sh/hook": pre-install,pre-upgrade
    "helm.sh/hook-delete-policy": before-hook-creation
spec:
  backoffLimit: {{ .Values.dbEntry.backoffLimit }}
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
      - action: FailJob
        onExitCodes:
          containerName: migrate
          operator: In
          values: [20, 21, 22, 23, 24, 25, 27, 30, 64, 65, 77, 78]
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        {{- include "db-entry.podSecurityContext" . | nindent 8 }}
      containers:
        {{- include "db-entry.container" . | nindent 8 }}
      volumes:
        {{- include "db-entry.allVolumes" . | nindent 8 }}
{{- end -}}
{{- end -}}
