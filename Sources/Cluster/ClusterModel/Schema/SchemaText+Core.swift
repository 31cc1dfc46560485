/// Fields of the Kubernetes API, one type to an entry; ``SchemaText`` says how they are written.
///
/// Source: Kubernetes v1.32, the API's types.
extension SchemaText {
    /// The core group without volumes.
    static let core = """
        Event: action string, apiVersion string, count int32, eventTime microTime, firstTimestamp time, involvedObject*
          ObjectReference, kind string, lastTimestamp time, message string, metadata* ObjectMeta, reason string, related
          ObjectReference, reportingComponent string, reportingInstance string, series EventSeries, source EventSource,
          type string
        EventSeries: count int32, lastObservedTime microTime
        Affinity: nodeAffinity NodeAffinity, podAffinity PodAffinity, podAntiAffinity PodAntiAffinity
        AppArmorProfile: localhostProfile string, type* string
        AttachedVolume: devicePath* string, name* string
        Binding: apiVersion string, kind string, metadata ObjectMeta, target* ObjectReference
        Capabilities: add [string], drop [string]
        Condition: lastTransitionTime* time, message* string, observedGeneration int64, reason* string, status* string,
          type* string
        ConfigMap: apiVersion string, binaryData {bytes}, data {string}, immutable bool, kind string, metadata
          ObjectMeta
        ConfigMapEnvSource: name string, optional bool
        ConfigMapKeySelector: key* string, name string, optional bool
        ConfigMapNodeConfigSource: kubeletConfigKey* string, name* string, namespace* string, resourceVersion string,
          uid string
        Container: args [string], command [string], env [EnvVar] by name, envFrom [EnvFromSource], image string,
          imagePullPolicy string, lifecycle Lifecycle, livenessProbe Probe, name* string, ports [ContainerPort] by
          containerPort, readinessProbe Probe, resizePolicy [ContainerResizePolicy], resources ResourceRequirements,
          restartPolicy string, securityContext SecurityContext, startupProbe Probe, stdin bool, stdinOnce bool,
          terminationMessagePath string, terminationMessagePolicy string, tty bool, volumeDevices [VolumeDevice] by
          devicePath, volumeMounts [VolumeMount] by mountPath, workingDir string
        ContainerImage: names [string], sizeBytes int64
        ContainerPort: containerPort* int32, hostIP string, hostPort int32, name string, protocol string
        ContainerResizePolicy: resourceName* string, restartPolicy* string
        ContainerState: running ContainerStateRunning, terminated ContainerStateTerminated, waiting
          ContainerStateWaiting
        ContainerStateRunning: startedAt time
        ContainerStateTerminated: containerID string, exitCode* int32, finishedAt time, message string, reason string,
          signal int32, startedAt time
        ContainerStateWaiting: message string, reason string
        ContainerStatus: allocatedResources {quantity}, allocatedResourcesStatus [ResourceStatus], containerID string,
          image* string, imageID* string, lastState ContainerState, name* string, ready* bool, resources
          ResourceRequirements, restartCount* int32, started bool, state ContainerState, user ContainerUser,
          volumeMounts [VolumeMountStatus] by mountPath
        ContainerUser: linux LinuxContainerUser
        DaemonEndpoint: Port* int32
        EnvFromSource: configMapRef ConfigMapEnvSource, prefix string, secretRef SecretEnvSource
        EnvVar: name* string, value string, valueFrom EnvVarSource
        EnvVarSource: configMapKeyRef ConfigMapKeySelector, fieldRef ObjectFieldSelector, resourceFieldRef
          ResourceFieldSelector, secretKeyRef SecretKeySelector
        EphemeralContainer: args [string], command [string], env [EnvVar] by name, envFrom [EnvFromSource], image
          string, imagePullPolicy string, lifecycle Lifecycle, livenessProbe Probe, name* string, ports [ContainerPort]
          by containerPort, readinessProbe Probe, resizePolicy [ContainerResizePolicy], resources ResourceRequirements,
          restartPolicy string, securityContext SecurityContext, startupProbe Probe, stdin bool, stdinOnce bool,
          targetContainerName string, terminationMessagePath string, terminationMessagePolicy string, tty bool,
          volumeDevices [VolumeDevice] by devicePath, volumeMounts [VolumeMount] by mountPath, workingDir string
        EventSource: component string, host string
        ExecAction: command [string]
        GRPCAction: port* int32, service string
        HTTPGetAction: host string, httpHeaders [HTTPHeader], path string, port* intOrString, scheme string
        HTTPHeader: name* string, value* string
        HostAlias: hostnames [string], ip* string
        HostIP: ip* string
        Lifecycle: postStart LifecycleHandler, preStop LifecycleHandler
        LifecycleHandler: exec ExecAction, httpGet HTTPGetAction, sleep SleepAction, tcpSocket TCPSocketAction
        LinuxContainerUser: gid* int32, supplementalGroups [int64], uid* int32
        LocalObjectReference: name string
        Namespace: apiVersion string, kind string, metadata ObjectMeta, spec NamespaceSpec, status NamespaceStatus
        NamespaceCondition: lastTransitionTime time, message string, reason string, status* string, type* string
        NamespaceSpec: finalizers [string]
        NamespaceStatus: conditions [NamespaceCondition] by type, phase string
        Node: apiVersion string, kind string, metadata ObjectMeta, spec NodeSpec, status NodeStatus
        NodeAddress: address* string, type* string
        NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution [PreferredSchedulingTerm],
          requiredDuringSchedulingIgnoredDuringExecution NodeSelector
        NodeCondition: lastHeartbeatTime time, lastTransitionTime time, message string, reason string, status* string,
          type* string
        NodeConfigSource: configMap ConfigMapNodeConfigSource
        NodeConfigStatus: active NodeConfigSource, assigned NodeConfigSource, error string, lastKnownGood
          NodeConfigSource
        NodeDaemonEndpoints: kubeletEndpoint DaemonEndpoint
        NodeFeatures: supplementalGroupsPolicy bool
        NodeRuntimeHandler: features NodeRuntimeHandlerFeatures, name string
        NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts bool, userNamespaces bool
        NodeSelector: nodeSelectorTerms* [NodeSelectorTerm]
        NodeSelectorRequirement: key* string, operator* string, values [string]
        NodeSelectorTerm: matchExpressions [NodeSelectorRequirement], matchFields [NodeSelectorRequirement]
        NodeSpec: configSource NodeConfigSource, externalID string, podCIDR string, podCIDRs [string] merged, providerID
          string, taints [Taint], unschedulable bool
        NodeStatus: addresses [NodeAddress] by type, allocatable {quantity}, capacity {quantity}, conditions
          [NodeCondition] by type, config NodeConfigStatus, daemonEndpoints NodeDaemonEndpoints, features NodeFeatures,
          images [ContainerImage], nodeInfo NodeSystemInfo, phase string, runtimeHandlers [NodeRuntimeHandler],
          volumesAttached [AttachedVolume], volumesInUse [string]
        NodeSystemInfo: architecture* string, bootID* string, containerRuntimeVersion* string, kernelVersion* string,
          kubeProxyVersion* string, kubeletVersion* string, machineID* string, operatingSystem* string, osImage* string,
          systemUUID* string
        ObjectFieldSelector: apiVersion string, fieldPath* string
        ObjectReference: apiVersion string, fieldPath string, kind string, name string, namespace string,
          resourceVersion string, uid string
        Pod: apiVersion string, kind string, metadata ObjectMeta, spec PodSpec, status PodStatus
        PodAffinity: preferredDuringSchedulingIgnoredDuringExecution [WeightedPodAffinityTerm],
          requiredDuringSchedulingIgnoredDuringExecution [PodAffinityTerm]
        PodAffinityTerm: labelSelector LabelSelector, matchLabelKeys [string], mismatchLabelKeys [string],
          namespaceSelector LabelSelector, namespaces [string], topologyKey* string
        PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution [WeightedPodAffinityTerm],
          requiredDuringSchedulingIgnoredDuringExecution [PodAffinityTerm]
        PodCondition: lastProbeTime time, lastTransitionTime time, message string, reason string, status* string, type*
          string
        PodDNSConfig: nameservers [string], options [PodDNSConfigOption], searches [string]
        PodDNSConfigOption: name string, value string
        PodIP: ip* string
        PodOS: name* string
        PodReadinessGate: conditionType* string
        PodResourceClaim: name* string, resourceClaimName string, resourceClaimTemplateName string
        PodResourceClaimStatus: name* string, resourceClaimName string
        PodSchedulingGate: name* string
        PodSecurityContext: appArmorProfile AppArmorProfile, fsGroup int64, fsGroupChangePolicy string, runAsGroup
          int64, runAsNonRoot bool, runAsUser int64, seLinuxChangePolicy string, seLinuxOptions SELinuxOptions,
          seccompProfile SeccompProfile, supplementalGroups [int64], supplementalGroupsPolicy string, sysctls [Sysctl],
          windowsOptions WindowsSecurityContextOptions
        PodSpec: activeDeadlineSeconds int64, affinity Affinity, automountServiceAccountToken bool, containers*
          [Container] by name, dnsConfig PodDNSConfig, dnsPolicy string, enableServiceLinks bool, ephemeralContainers
          [EphemeralContainer] by name, hostAliases [HostAlias] by ip, hostIPC bool, hostNetwork bool, hostPID bool,
          hostUsers bool, hostname string, imagePullSecrets [LocalObjectReference] by name, initContainers [Container]
          by name, nodeName string, nodeSelector {string}, os PodOS, overhead {quantity}, preemptionPolicy string,
          priority int32, priorityClassName string, readinessGates [PodReadinessGate], resourceClaims [PodResourceClaim]
          by name retaining, resources ResourceRequirements, restartPolicy string, runtimeClassName string,
          schedulerName string, schedulingGates [PodSchedulingGate] by name, securityContext PodSecurityContext,
          serviceAccount string, serviceAccountName string, setHostnameAsFQDN bool, shareProcessNamespace bool,
          subdomain string, terminationGracePeriodSeconds int64, tolerations [Toleration], topologySpreadConstraints
          [TopologySpreadConstraint] by topologyKey, volumes [Volume] by name retaining
        PodStatus: conditions [PodCondition] by type, containerStatuses [ContainerStatus], ephemeralContainerStatuses
          [ContainerStatus], hostIP string, hostIPs [HostIP] by ip, initContainerStatuses [ContainerStatus], message
          string, nominatedNodeName string, phase string, podIP string, podIPs [PodIP] by ip, qosClass string, reason
          string, resize string, resourceClaimStatuses [PodResourceClaimStatus] by name, startTime time
        PreferredSchedulingTerm: preference* NodeSelectorTerm, weight* int32
        Probe: exec ExecAction, failureThreshold int32, grpc GRPCAction, httpGet HTTPGetAction, initialDelaySeconds
          int32, periodSeconds int32, successThreshold int32, tcpSocket TCPSocketAction, terminationGracePeriodSeconds
          int64, timeoutSeconds int32
        ResourceClaim: name* string, request string
        ResourceFieldSelector: containerName string, divisor quantity, resource* string
        ResourceHealth: health string, resourceID* string
        ResourceRequirements: claims [ResourceClaim], limits {quantity}, requests {quantity}
        ResourceStatus: name* string, resources [ResourceHealth]
        SELinuxOptions: level string, role string, type string, user string
        SeccompProfile: localhostProfile string, type* string
        Secret: apiVersion string, data {bytes}, immutable bool, kind string, metadata ObjectMeta, stringData {string},
          type string
        SecretEnvSource: name string, optional bool
        SecretKeySelector: key* string, name string, optional bool
        SecurityContext: allowPrivilegeEscalation bool, appArmorProfile AppArmorProfile, capabilities Capabilities,
          privileged bool, procMount string, readOnlyRootFilesystem bool, runAsGroup int64, runAsNonRoot bool, runAsUser
          int64, seLinuxOptions SELinuxOptions, seccompProfile SeccompProfile, windowsOptions
          WindowsSecurityContextOptions
        SleepAction: seconds* int32
        Sysctl: name* string, value* string
        TCPSocketAction: host string, port* intOrString
        Taint: effect* string, key* string, timeAdded time, value string
        Toleration: effect string, key string, operator string, tolerationSeconds int64, value string
        TopologySpreadConstraint: labelSelector LabelSelector, matchLabelKeys [string], maxSkew* int32, minDomains
          int32, nodeAffinityPolicy string, nodeTaintsPolicy string, topologyKey* string, whenUnsatisfiable* string
        WeightedPodAffinityTerm: podAffinityTerm* PodAffinityTerm, weight* int32
        WindowsSecurityContextOptions: gmsaCredentialSpec string, gmsaCredentialSpecName string, hostProcess bool,
          runAsUserName string
        """
}
