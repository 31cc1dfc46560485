/// Fields of the Kubernetes API, one type to an entry; ``SchemaText`` says how they are written.
///
/// Source: Kubernetes v1.32, the API's types.
extension SchemaText {
    /// The core group's volumes.
    static let volumes = """
        AWSElasticBlockStoreVolumeSource: fsType 2 string, partition 3 int32, readOnly 4 bool, volumeID* 1 string
        AzureDiskVolumeSource: cachingMode 3 string, diskName* 1 string, diskURI* 2 string, fsType 4 string, kind 6
          string, readOnly 5 bool
        AzureFileVolumeSource: readOnly 3 bool, secretName* 1 string, shareName* 2 string
        CSIVolumeSource: driver* 1 string, fsType 3 string, nodePublishSecretRef 5 LocalObjectReference, readOnly 2
          bool, volumeAttributes 4 {string}
        CephFSVolumeSource: monitors* 1 [string], path 2 string, readOnly 6 bool, secretFile 4 string, secretRef 5
          LocalObjectReference, user 3 string
        CinderVolumeSource: fsType 2 string, readOnly 3 bool, secretRef 4 LocalObjectReference, volumeID* 1 string
        ClusterTrustBundleProjection: labelSelector 3 LabelSelector, name 1 string, optional 5 bool, path* 4 string,
          signerName 2 string
        ConfigMapProjection: items 2 [KeyToPath], name 1.1 string, optional 4 bool
        ConfigMapVolumeSource: defaultMode 3 int32, items 2 [KeyToPath], name 1.1 string, optional 4 bool
        DownwardAPIProjection: items 1 [DownwardAPIVolumeFile]
        DownwardAPIVolumeFile: fieldRef 2 ObjectFieldSelector, mode 4 int32, path* 1 string, resourceFieldRef 3
          ResourceFieldSelector
        DownwardAPIVolumeSource: defaultMode 2 int32, items 1 [DownwardAPIVolumeFile]
        EmptyDirVolumeSource: medium 1 string, sizeLimit 2 quantity
        EphemeralVolumeSource: volumeClaimTemplate 1 PersistentVolumeClaimTemplate
        FCVolumeSource: fsType 3 string, lun 2 int32, readOnly 4 bool, targetWWNs 1 [string], wwids 5 [string]
        FlexVolumeSource: driver* 1 string, fsType 2 string, options 5 {string}, readOnly 4 bool, secretRef 3
          LocalObjectReference
        FlockerVolumeSource: datasetName 1 string, datasetUUID 2 string
        GCEPersistentDiskVolumeSource: fsType 2 string, partition 3 int32, pdName* 1 string, readOnly 4 bool
        GitRepoVolumeSource: directory 3 string, repository* 1 string, revision 2 string
        GlusterfsVolumeSource: endpoints* 1 string, path* 2 string, readOnly 3 bool
        HostPathVolumeSource: path* 1 string, type 2 string
        ISCSIVolumeSource: chapAuthDiscovery 8 bool, chapAuthSession 11 bool, fsType 5 string, initiatorName 12 string,
          iqn* 2 string, iscsiInterface 4 string, lun* 3 int32, portals 7 [string], readOnly 6 bool, secretRef 10
          LocalObjectReference, targetPortal* 1 string
        ImageVolumeSource: pullPolicy 2 string, reference 1 string
        KeyToPath: key* 1 string, mode 3 int32, path* 2 string
        NFSVolumeSource: path* 2 string, readOnly 3 bool, server* 1 string
        PersistentVolumeClaimSpec: accessModes 1 [string], dataSource 7 TypedLocalObjectReference, dataSourceRef 8
          TypedObjectReference, resources 2 VolumeResourceRequirements, selector 4 LabelSelector, storageClassName 5
          string, volumeAttributesClassName 9 string, volumeMode 6 string, volumeName 3 string
        PersistentVolumeClaimTemplate: metadata 1 ObjectMeta, spec* 2 PersistentVolumeClaimSpec
        PersistentVolumeClaimVolumeSource: claimName* 1 string, readOnly 2 bool
        PhotonPersistentDiskVolumeSource: fsType 2 string, pdID* 1 string
        PortworxVolumeSource: fsType 2 string, readOnly 3 bool, volumeID* 1 string
        ProjectedVolumeSource: defaultMode 2 int32, sources 1 [VolumeProjection]
        QuobyteVolumeSource: group 5 string, readOnly 3 bool, registry* 1 string, tenant 6 string, user 4 string,
          volume* 2 string
        RBDVolumeSource: fsType 3 string, image* 2 string, keyring 6 string, monitors* 1 [string], pool 4 string,
          readOnly 8 bool, secretRef 7 LocalObjectReference, user 5 string
        ScaleIOVolumeSource: fsType 9 string, gateway* 1 string, protectionDomain 5 string, readOnly 10 bool, secretRef*
          3 LocalObjectReference, sslEnabled 4 bool, storageMode 7 string, storagePool 6 string, system* 2 string,
          volumeName 8 string
        SecretProjection: items 2 [KeyToPath], name 1.1 string, optional 4 bool
        SecretVolumeSource: defaultMode 3 int32, items 2 [KeyToPath], optional 4 bool, secretName 1 string
        ServiceAccountTokenProjection: audience 1 string, expirationSeconds 2 int64, path* 3 string
        StorageOSVolumeSource: fsType 3 string, readOnly 4 bool, secretRef 5 LocalObjectReference, volumeName 1 string,
          volumeNamespace 2 string
        TypedLocalObjectReference: apiGroup 1 string, kind* 2 string, name* 3 string
        TypedObjectReference: apiGroup 1 string, kind* 2 string, name* 3 string, namespace 4 string
        Volume: awsElasticBlockStore 2.4 AWSElasticBlockStoreVolumeSource, azureDisk 2.22 AzureDiskVolumeSource,
          azureFile 2.18 AzureFileVolumeSource, cephfs 2.14 CephFSVolumeSource, cinder 2.13 CinderVolumeSource,
          configMap 2.19 ConfigMapVolumeSource, csi 2.28 CSIVolumeSource, downwardAPI 2.16 DownwardAPIVolumeSource,
          emptyDir 2.2 EmptyDirVolumeSource, ephemeral 2.29 EphemeralVolumeSource, fc 2.17 FCVolumeSource, flexVolume
          2.12 FlexVolumeSource, flocker 2.15 FlockerVolumeSource, gcePersistentDisk 2.3 GCEPersistentDiskVolumeSource,
          gitRepo 2.5 GitRepoVolumeSource, glusterfs 2.9 GlusterfsVolumeSource, hostPath 2.1 HostPathVolumeSource, image
          2.30 ImageVolumeSource, iscsi 2.8 ISCSIVolumeSource, name* 1 string, nfs 2.7 NFSVolumeSource,
          persistentVolumeClaim 2.10 PersistentVolumeClaimVolumeSource, photonPersistentDisk 2.23
          PhotonPersistentDiskVolumeSource, portworxVolume 2.24 PortworxVolumeSource, projected 2.26
          ProjectedVolumeSource, quobyte 2.21 QuobyteVolumeSource, rbd 2.11 RBDVolumeSource, scaleIO 2.25
          ScaleIOVolumeSource, secret 2.6 SecretVolumeSource, storageos 2.27 StorageOSVolumeSource, vsphereVolume 2.20
          VsphereVirtualDiskVolumeSource
        VolumeDevice: devicePath* 2 string, name* 1 string
        VolumeMount: mountPath* 3 string, mountPropagation 5 string, name* 1 string, readOnly 2 bool, recursiveReadOnly
          7 string, subPath 4 string, subPathExpr 6 string
        VolumeMountStatus: mountPath* 2 string, name* 1 string, readOnly 3 bool, recursiveReadOnly 4 string
        VolumeProjection: clusterTrustBundle 5 ClusterTrustBundleProjection, configMap 3 ConfigMapProjection,
          downwardAPI 2 DownwardAPIProjection, secret 1 SecretProjection, serviceAccountToken 4
          ServiceAccountTokenProjection
        VolumeResourceRequirements: limits 1 {quantity}, requests 2 {quantity}
        VsphereVirtualDiskVolumeSource: fsType 2 string, storagePolicyID 4 string, storagePolicyName 3 string,
          volumePath* 1 string
        """
}
