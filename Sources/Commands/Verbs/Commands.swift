extension Pouch {
    /// Every command there is; what pouchd cannot do yet is not offered.
    static var commands: [Command] {
        containerCommands + [
            .verb(Build.self), .verb(ListContainers.self), .verb(ListImages.self), .verb(RemoveImage.self),
            .verb(History.self),
            .verb(Import.self), .verb(Load.self), .verb(Save.self), .verb(Tag.self), .verb(Inspect.self),
            .verb(PrewarmVerb.self), .verb(Pull.self), .verb(Push.self), .verb(Login.self), .verb(Logout.self),
            .verb(Search.self),
            .verb(Events.self), .verb(Simulate.self), .verb(SystemInfo.self), .verb(Version.self),
            .group(
                "container", summary: "Manage containers",
                containerCommands + [
                    .verb(ListContainers.self, aliases: ["ls", "list"]), .verb(InspectContainer.self),
                    .verb(PruneContainers.self),
                ]),
            .group(
                "image", summary: "Manage images",
                [
                    .verb(Build.self), .verb(History.self), .verb(Import.self), .verb(InspectImage.self),
                    .verb(Load.self),
                    .verb(ListImagesInGroup.self, aliases: ["list"]), .verb(PruneImages.self),
                    .verb(RemoveImageInGroup.self, aliases: ["remove"]), .verb(Save.self), .verb(Tag.self),
                    .verb(Pull.self), .verb(Push.self),
                ]),
            .group(
                "distribution", summary: "See how images travel in the pool",
                [.verb(DistributionStatus.self), .verb(ExplainDistribution.self)]),
            .group("manifest", summary: "Look at image manifests in registries", [.verb(InspectManifest.self)]),
            .group(
                "network", summary: "Manage networks",
                [
                    .verb(ConnectNetwork.self), .verb(CreateNetwork.self), .verb(DisconnectNetwork.self),
                    .verb(InspectNetwork.self), .verb(ListNetworks.self, aliases: ["list"]),
                    .verb(PruneNetworks.self), .verb(RemoveNetwork.self, aliases: ["remove"]),
                ]),
            .verb(ApplyToPool.self), .verb(GetFromPool.self), .verb(DescribeInPool.self), .verb(DeleteFromPool.self),
            .verb(CordonNode.self), .verb(UncordonNode.self), .verb(DrainNode.self), .verb(ListQueues.self),
            .verb(PoolState.self),
            .group("registry", summary: "Give images to other machines", [.verb(ServeRegistry.self)]),
            .group(
                "system", summary: "Manage Pouch",
                [
                    .verb(CheckSystem.self), .verb(DiskUsage.self), .verb(Events.self), .verb(SystemInfo.self),
                    .verb(PruneSystem.self),
                ]),
            .group(
                "volume", summary: "Manage volumes",
                [
                    .verb(CreateVolume.self), .verb(InspectVolume.self),
                    .verb(ListVolumes.self, aliases: ["list"]), .verb(PruneVolumes.self),
                    .verb(RemoveVolume.self, aliases: ["remove"]),
                ]),
        ]
    }

    /// Those that stand both at the top and under `container`.
    private static var containerCommands: [Command] {
        [
            .verb(Run.self), .verb(Exec.self), .verb(Attach.self), .verb(Commit.self), .verb(CopyFiles.self),
            .verb(Create.self),
            .verb(Diff.self), .verb(Export.self), .verb(Kill.self), .verb(Logs.self),
            .verb(Pause.self), .verb(Port.self), .verb(Rename.self), .verb(Restart.self),
            .verb(Remove.self, aliases: ["remove"]), .verb(Start.self), .verb(Stats.self), .verb(Stop.self),
            .verb(Top.self), .verb(Unpause.self), .verb(Update.self), .verb(Wait.self),
        ]
    }
}
