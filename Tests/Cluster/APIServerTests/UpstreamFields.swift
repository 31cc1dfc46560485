/// Which fields the kinds have upstream, for the test that none is missing here: `Type: field=shape …`.
///
/// Listed by a program from the types of the Python client `kubernetes` 32.0.1, whose classes are generated from the OpenAPI document of
/// Kubernetes v1.32. A line that begins with blanks goes on with the one above.
enum UpstreamFields {
    static let text = """
        AWSElasticBlockStoreVolumeSource: fsType=str partition=int readOnly=bool volumeID=str
        Affinity: nodeAffinity=NodeAffinity podAffinity=PodAffinity podAntiAffinity=PodAntiAffinity
        AppArmorProfile: localhostProfile=str type=str
        AttachedVolume: devicePath=str name=str
        AzureDiskVolumeSource: cachingMode=str diskName=str diskURI=str fsType=str kind=str readOnly=bool
        AzureFileVolumeSource: readOnly=bool secretName=str shareName=str
        Binding: apiVersion=str kind=str metadata=ObjectMeta target=ObjectReference
        CSIVolumeSource: driver=str fsType=str nodePublishSecretRef=LocalObjectReference readOnly=bool
          volumeAttributes={str}
        Capabilities: add=[str] drop=[str]
        CephFSVolumeSource: monitors=[str] path=str readOnly=bool secretFile=str secretRef=LocalObjectReference
          user=str
        CinderVolumeSource: fsType=str readOnly=bool secretRef=LocalObjectReference volumeID=str
        ClusterTrustBundleProjection: labelSelector=LabelSelector name=str optional=bool path=str signerName=str
        Condition: lastTransitionTime=datetime message=str observedGeneration=int reason=str status=str type=str
        ConfigMap: apiVersion=str binaryData={str} data={str} immutable=bool kind=str metadata=ObjectMeta
        ConfigMapEnvSource: name=str optional=bool
        ConfigMapKeySelector: key=str name=str optional=bool
        ConfigMapNodeConfigSource: kubeletConfigKey=str name=str namespace=str resourceVersion=str uid=str
        ConfigMapProjection: items=[KeyToPath] name=str optional=bool
        ConfigMapVolumeSource: defaultMode=int items=[KeyToPath] name=str optional=bool
        Container: args=[str] command=[str] env=[EnvVar] envFrom=[EnvFromSource] image=str imagePullPolicy=str
          lifecycle=Lifecycle livenessProbe=Probe name=str ports=[ContainerPort] readinessProbe=Probe
          resizePolicy=[ContainerResizePolicy] resources=ResourceRequirements restartPolicy=str
          securityContext=SecurityContext startupProbe=Probe stdin=bool stdinOnce=bool terminationMessagePath=str
          terminationMessagePolicy=str tty=bool volumeDevices=[VolumeDevice] volumeMounts=[VolumeMount]
          workingDir=str
        ContainerImage: names=[str] sizeBytes=int
        ContainerPort: containerPort=int hostIP=str hostPort=int name=str protocol=str
        ContainerResizePolicy: resourceName=str restartPolicy=str
        ContainerState: running=ContainerStateRunning terminated=ContainerStateTerminated
          waiting=ContainerStateWaiting
        ContainerStateRunning: startedAt=datetime
        ContainerStateTerminated: containerID=str exitCode=int finishedAt=datetime message=str reason=str signal=int
          startedAt=datetime
        ContainerStateWaiting: message=str reason=str
        ContainerStatus: allocatedResources={str} allocatedResourcesStatus=[ResourceStatus] containerID=str
          image=str imageID=str lastState=ContainerState name=str ready=bool resources=ResourceRequirements
          restartCount=int started=bool state=ContainerState user=ContainerUser volumeMounts=[VolumeMountStatus]
        ContainerUser: linux=LinuxContainerUser
        DaemonEndpoint: Port=int
        DeleteOptions: apiVersion=str dryRun=[str] gracePeriodSeconds=int
          ignoreStoreReadErrorWithClusterBreakingPotential=bool kind=str orphanDependents=bool
          preconditions=Preconditions propagationPolicy=str
        DownwardAPIProjection: items=[DownwardAPIVolumeFile]
        DownwardAPIVolumeFile: fieldRef=ObjectFieldSelector mode=int path=str resourceFieldRef=ResourceFieldSelector
        DownwardAPIVolumeSource: defaultMode=int items=[DownwardAPIVolumeFile]
        EmptyDirVolumeSource: medium=str sizeLimit=str
        EnvFromSource: configMapRef=ConfigMapEnvSource prefix=str secretRef=SecretEnvSource
        EnvVar: name=str value=str valueFrom=EnvVarSource
        EnvVarSource: configMapKeyRef=ConfigMapKeySelector fieldRef=ObjectFieldSelector
          resourceFieldRef=ResourceFieldSelector secretKeyRef=SecretKeySelector
        EphemeralContainer: args=[str] command=[str] env=[EnvVar] envFrom=[EnvFromSource] image=str
          imagePullPolicy=str lifecycle=Lifecycle livenessProbe=Probe name=str ports=[ContainerPort]
          readinessProbe=Probe resizePolicy=[ContainerResizePolicy] resources=ResourceRequirements restartPolicy=str
          securityContext=SecurityContext startupProbe=Probe stdin=bool stdinOnce=bool targetContainerName=str
          terminationMessagePath=str terminationMessagePolicy=str tty=bool volumeDevices=[VolumeDevice]
          volumeMounts=[VolumeMount] workingDir=str
        EphemeralVolumeSource: volumeClaimTemplate=PersistentVolumeClaimTemplate
        Event: action=str apiVersion=str count=int eventTime=datetime firstTimestamp=datetime
          involvedObject=ObjectReference kind=str lastTimestamp=datetime message=str metadata=ObjectMeta reason=str
          related=ObjectReference reportingComponent=str reportingInstance=str series=EventSeries source=EventSource
          type=str
        EventSeries: count=int lastObservedTime=datetime
        EventSource: component=str host=str
        Eviction: apiVersion=str deleteOptions=DeleteOptions kind=str metadata=ObjectMeta
        ExecAction: command=[str]
        FCVolumeSource: fsType=str lun=int readOnly=bool targetWWNs=[str] wwids=[str]
        FlexVolumeSource: driver=str fsType=str options={str} readOnly=bool secretRef=LocalObjectReference
        FlockerVolumeSource: datasetName=str datasetUUID=str
        GCEPersistentDiskVolumeSource: fsType=str partition=int pdName=str readOnly=bool
        GRPCAction: port=int service=str
        GitRepoVolumeSource: directory=str repository=str revision=str
        GlusterfsVolumeSource: endpoints=str path=str readOnly=bool
        HTTPGetAction: host=str httpHeaders=[HTTPHeader] path=str port=object scheme=str
        HTTPHeader: name=str value=str
        HostAlias: hostnames=[str] ip=str
        HostIP: ip=str
        HostPathVolumeSource: path=str type=str
        ISCSIVolumeSource: chapAuthDiscovery=bool chapAuthSession=bool fsType=str initiatorName=str iqn=str
          iscsiInterface=str lun=int portals=[str] readOnly=bool secretRef=LocalObjectReference targetPortal=str
        ImageVolumeSource: pullPolicy=str reference=str
        KeyToPath: key=str mode=int path=str
        LabelSelector: matchExpressions=[LabelSelectorRequirement] matchLabels={str}
        LabelSelectorRequirement: key=str operator=str values=[str]
        Lease: apiVersion=str kind=str metadata=ObjectMeta spec=LeaseSpec
        LeaseSpec: acquireTime=datetime holderIdentity=str leaseDurationSeconds=int leaseTransitions=int
          preferredHolder=str renewTime=datetime strategy=str
        Lifecycle: postStart=LifecycleHandler preStop=LifecycleHandler
        LifecycleHandler: exec=ExecAction httpGet=HTTPGetAction sleep=SleepAction tcpSocket=TCPSocketAction
        LinuxContainerUser: gid=int supplementalGroups=[int] uid=int
        LocalObjectReference: name=str
        ManagedFieldsEntry: apiVersion=str fieldsType=str fieldsV1=object manager=str operation=str subresource=str
          time=datetime
        NFSVolumeSource: path=str readOnly=bool server=str
        Namespace: apiVersion=str kind=str metadata=ObjectMeta spec=NamespaceSpec status=NamespaceStatus
        NamespaceCondition: lastTransitionTime=datetime message=str reason=str status=str type=str
        NamespaceSpec: finalizers=[str]
        NamespaceStatus: conditions=[NamespaceCondition] phase=str
        Node: apiVersion=str kind=str metadata=ObjectMeta spec=NodeSpec status=NodeStatus
        NodeAddress: address=str type=str
        NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution=[PreferredSchedulingTerm]
          requiredDuringSchedulingIgnoredDuringExecution=NodeSelector
        NodeCondition: lastHeartbeatTime=datetime lastTransitionTime=datetime message=str reason=str status=str
          type=str
        NodeConfigSource: configMap=ConfigMapNodeConfigSource
        NodeConfigStatus: active=NodeConfigSource assigned=NodeConfigSource error=str lastKnownGood=NodeConfigSource
        NodeDaemonEndpoints: kubeletEndpoint=DaemonEndpoint
        NodeFeatures: supplementalGroupsPolicy=bool
        NodeRuntimeHandler: features=NodeRuntimeHandlerFeatures name=str
        NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts=bool userNamespaces=bool
        NodeSelector: nodeSelectorTerms=[NodeSelectorTerm]
        NodeSelectorRequirement: key=str operator=str values=[str]
        NodeSelectorTerm: matchExpressions=[NodeSelectorRequirement] matchFields=[NodeSelectorRequirement]
        NodeSpec: configSource=NodeConfigSource externalID=str podCIDR=str podCIDRs=[str] providerID=str
          taints=[Taint] unschedulable=bool
        NodeStatus: addresses=[NodeAddress] allocatable={str} capacity={str} conditions=[NodeCondition]
          config=NodeConfigStatus daemonEndpoints=NodeDaemonEndpoints features=NodeFeatures images=[ContainerImage]
          nodeInfo=NodeSystemInfo phase=str runtimeHandlers=[NodeRuntimeHandler] volumesAttached=[AttachedVolume]
          volumesInUse=[str]
        NodeSystemInfo: architecture=str bootID=str containerRuntimeVersion=str kernelVersion=str
          kubeProxyVersion=str kubeletVersion=str machineID=str operatingSystem=str osImage=str systemUUID=str
        ObjectFieldSelector: apiVersion=str fieldPath=str
        ObjectMeta: annotations={str} creationTimestamp=datetime deletionGracePeriodSeconds=int
          deletionTimestamp=datetime finalizers=[str] generateName=str generation=int labels={str}
          managedFields=[ManagedFieldsEntry] name=str namespace=str ownerReferences=[OwnerReference]
          resourceVersion=str selfLink=str uid=str
        ObjectReference: apiVersion=str fieldPath=str kind=str name=str namespace=str resourceVersion=str uid=str
        OwnerReference: apiVersion=str blockOwnerDeletion=bool controller=bool kind=str name=str uid=str
        PersistentVolumeClaimSpec: accessModes=[str] dataSource=TypedLocalObjectReference
          dataSourceRef=TypedObjectReference resources=VolumeResourceRequirements selector=LabelSelector
          storageClassName=str volumeAttributesClassName=str volumeMode=str volumeName=str
        PersistentVolumeClaimTemplate: metadata=ObjectMeta spec=PersistentVolumeClaimSpec
        PersistentVolumeClaimVolumeSource: claimName=str readOnly=bool
        PhotonPersistentDiskVolumeSource: fsType=str pdID=str
        Pod: apiVersion=str kind=str metadata=ObjectMeta spec=PodSpec status=PodStatus
        PodAffinity: preferredDuringSchedulingIgnoredDuringExecution=[WeightedPodAffinityTerm]
          requiredDuringSchedulingIgnoredDuringExecution=[PodAffinityTerm]
        PodAffinityTerm: labelSelector=LabelSelector matchLabelKeys=[str] mismatchLabelKeys=[str]
          namespaceSelector=LabelSelector namespaces=[str] topologyKey=str
        PodAntiAffinity: preferredDuringSchedulingIgnoredDuringExecution=[WeightedPodAffinityTerm]
          requiredDuringSchedulingIgnoredDuringExecution=[PodAffinityTerm]
        PodCondition: lastProbeTime=datetime lastTransitionTime=datetime message=str reason=str status=str type=str
        PodDNSConfig: nameservers=[str] options=[PodDNSConfigOption] searches=[str]
        PodDNSConfigOption: name=str value=str
        PodDisruptionBudget: apiVersion=str kind=str metadata=ObjectMeta spec=PodDisruptionBudgetSpec
          status=PodDisruptionBudgetStatus
        PodDisruptionBudgetSpec: maxUnavailable=object minAvailable=object selector=LabelSelector
          unhealthyPodEvictionPolicy=str
        PodDisruptionBudgetStatus: conditions=[Condition] currentHealthy=int desiredHealthy=int
          disruptedPods={datetime} disruptionsAllowed=int expectedPods=int observedGeneration=int
        PodIP: ip=str
        PodOS: name=str
        PodReadinessGate: conditionType=str
        PodResourceClaim: name=str resourceClaimName=str resourceClaimTemplateName=str
        PodResourceClaimStatus: name=str resourceClaimName=str
        PodSchedulingGate: name=str
        PodSecurityContext: appArmorProfile=AppArmorProfile fsGroup=int fsGroupChangePolicy=str runAsGroup=int
          runAsNonRoot=bool runAsUser=int seLinuxChangePolicy=str seLinuxOptions=SELinuxOptions
          seccompProfile=SeccompProfile supplementalGroups=[int] supplementalGroupsPolicy=str sysctls=[Sysctl]
          windowsOptions=WindowsSecurityContextOptions
        PodSpec: activeDeadlineSeconds=int affinity=Affinity automountServiceAccountToken=bool
          containers=[Container] dnsConfig=PodDNSConfig dnsPolicy=str enableServiceLinks=bool
          ephemeralContainers=[EphemeralContainer] hostAliases=[HostAlias] hostIPC=bool hostNetwork=bool
          hostPID=bool hostUsers=bool hostname=str imagePullSecrets=[LocalObjectReference]
          initContainers=[Container] nodeName=str nodeSelector={str} os=PodOS overhead={str} preemptionPolicy=str
          priority=int priorityClassName=str readinessGates=[PodReadinessGate] resourceClaims=[PodResourceClaim]
          resources=ResourceRequirements restartPolicy=str runtimeClassName=str schedulerName=str
          schedulingGates=[PodSchedulingGate] securityContext=PodSecurityContext serviceAccount=str
          serviceAccountName=str setHostnameAsFQDN=bool shareProcessNamespace=bool subdomain=str
          terminationGracePeriodSeconds=int tolerations=[Toleration]
          topologySpreadConstraints=[TopologySpreadConstraint] volumes=[Volume]
        PodStatus: conditions=[PodCondition] containerStatuses=[ContainerStatus]
          ephemeralContainerStatuses=[ContainerStatus] hostIP=str hostIPs=[HostIP]
          initContainerStatuses=[ContainerStatus] message=str nominatedNodeName=str phase=str podIP=str
          podIPs=[PodIP] qosClass=str reason=str resize=str resourceClaimStatuses=[PodResourceClaimStatus]
          startTime=datetime
        PortworxVolumeSource: fsType=str readOnly=bool volumeID=str
        Preconditions: resourceVersion=str uid=str
        PreferredSchedulingTerm: preference=NodeSelectorTerm weight=int
        PriorityClass: apiVersion=str description=str globalDefault=bool kind=str metadata=ObjectMeta
          preemptionPolicy=str value=int
        Probe: exec=ExecAction failureThreshold=int grpc=GRPCAction httpGet=HTTPGetAction initialDelaySeconds=int
          periodSeconds=int successThreshold=int tcpSocket=TCPSocketAction terminationGracePeriodSeconds=int
          timeoutSeconds=int
        ProjectedVolumeSource: defaultMode=int sources=[VolumeProjection]
        QuobyteVolumeSource: group=str readOnly=bool registry=str tenant=str user=str volume=str
        RBDVolumeSource: fsType=str image=str keyring=str monitors=[str] pool=str readOnly=bool
          secretRef=LocalObjectReference user=str
        ResourceClaim: name=str request=str
        ResourceFieldSelector: containerName=str divisor=str resource=str
        ResourceHealth: health=str resourceID=str
        ResourceRequirements: claims=[ResourceClaim] limits={str} requests={str}
        ResourceStatus: name=str resources=[ResourceHealth]
        SELinuxOptions: level=str role=str type=str user=str
        ScaleIOVolumeSource: fsType=str gateway=str protectionDomain=str readOnly=bool
          secretRef=LocalObjectReference sslEnabled=bool storageMode=str storagePool=str system=str volumeName=str
        SeccompProfile: localhostProfile=str type=str
        Secret: apiVersion=str data={str} immutable=bool kind=str metadata=ObjectMeta stringData={str} type=str
        SecretEnvSource: name=str optional=bool
        SecretKeySelector: key=str name=str optional=bool
        SecretProjection: items=[KeyToPath] name=str optional=bool
        SecretVolumeSource: defaultMode=int items=[KeyToPath] optional=bool secretName=str
        SecurityContext: allowPrivilegeEscalation=bool appArmorProfile=AppArmorProfile capabilities=Capabilities
          privileged=bool procMount=str readOnlyRootFilesystem=bool runAsGroup=int runAsNonRoot=bool runAsUser=int
          seLinuxOptions=SELinuxOptions seccompProfile=SeccompProfile windowsOptions=WindowsSecurityContextOptions
        ServiceAccountTokenProjection: audience=str expirationSeconds=int path=str
        SleepAction: seconds=int
        StorageOSVolumeSource: fsType=str readOnly=bool secretRef=LocalObjectReference volumeName=str
          volumeNamespace=str
        Sysctl: name=str value=str
        TCPSocketAction: host=str port=object
        Taint: effect=str key=str timeAdded=datetime value=str
        Toleration: effect=str key=str operator=str tolerationSeconds=int value=str
        TopologySpreadConstraint: labelSelector=LabelSelector matchLabelKeys=[str] maxSkew=int minDomains=int
          nodeAffinityPolicy=str nodeTaintsPolicy=str topologyKey=str whenUnsatisfiable=str
        TypedLocalObjectReference: apiGroup=str kind=str name=str
        TypedObjectReference: apiGroup=str kind=str name=str namespace=str
        Volume: awsElasticBlockStore=AWSElasticBlockStoreVolumeSource azureDisk=AzureDiskVolumeSource
          azureFile=AzureFileVolumeSource cephfs=CephFSVolumeSource cinder=CinderVolumeSource
          configMap=ConfigMapVolumeSource csi=CSIVolumeSource downwardAPI=DownwardAPIVolumeSource
          emptyDir=EmptyDirVolumeSource ephemeral=EphemeralVolumeSource fc=FCVolumeSource
          flexVolume=FlexVolumeSource flocker=FlockerVolumeSource gcePersistentDisk=GCEPersistentDiskVolumeSource
          gitRepo=GitRepoVolumeSource glusterfs=GlusterfsVolumeSource hostPath=HostPathVolumeSource
          image=ImageVolumeSource iscsi=ISCSIVolumeSource name=str nfs=NFSVolumeSource
          persistentVolumeClaim=PersistentVolumeClaimVolumeSource
          photonPersistentDisk=PhotonPersistentDiskVolumeSource portworxVolume=PortworxVolumeSource
          projected=ProjectedVolumeSource quobyte=QuobyteVolumeSource rbd=RBDVolumeSource
          scaleIO=ScaleIOVolumeSource secret=SecretVolumeSource storageos=StorageOSVolumeSource
          vsphereVolume=VsphereVirtualDiskVolumeSource
        VolumeDevice: devicePath=str name=str
        VolumeMount: mountPath=str mountPropagation=str name=str readOnly=bool recursiveReadOnly=str subPath=str
          subPathExpr=str
        VolumeMountStatus: mountPath=str name=str readOnly=bool recursiveReadOnly=str
        VolumeProjection: clusterTrustBundle=ClusterTrustBundleProjection configMap=ConfigMapProjection
          downwardAPI=DownwardAPIProjection secret=SecretProjection
          serviceAccountToken=ServiceAccountTokenProjection
        VolumeResourceRequirements: limits={str} requests={str}
        VsphereVirtualDiskVolumeSource: fsType=str storagePolicyID=str storagePolicyName=str volumePath=str
        WeightedPodAffinityTerm: podAffinityTerm=PodAffinityTerm weight=int
        WindowsSecurityContextOptions: gmsaCredentialSpec=str gmsaCredentialSpecName=str hostProcess=bool
          runAsUserName=str
        """
}
