internal import ImageSpec
internal import JSON
internal import Testing

private let one = "sha256:" + String(repeating: "1", count: 64)
private let two = "sha256:" + String(repeating: "2", count: 64)

@Suite("Manifests and indexes")
struct ManifestTests {
    private let manifest: JSONValue = [
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.example+type",
        "config": [
            "mediaType": "application/vnd.oci.empty.v1+json", "digest": .string(one), "size": 2, "data": "e30=",
        ],
        "layers": [
            [
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": .string(two), "size": 32654,
                "urls": ["https://example.com/x"], "annotations": ["a": "b"], "later": ["x": nil],
            ]
        ],
        "subject": ["mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": .string(one), "size": 7682],
        "annotations": ["com.example.key1": "value1"], "unknown": [1],
    ]

    @Test("a blob of no size that can be is refused by name", arguments: [-1, (1 << 50) + 1, .max] as [Int64])
    func sizes(size: Int64) {
        var absurd = manifest
        absurd["layers"] = [["mediaType": "a/b", "digest": .string(two), "size": .integer(size)]]
        let error = #expect(throws: JSONError.self) { try ImageManifest(json: JSONField(absurd)) }
        #expect(error?.description.contains("layers[0].size") == true, "\(String(describing: error))")
        absurd["layers"] = [["mediaType": "a/b", "digest": .string(two), "size": .integer(1 << 50)]]
        #expect(throws: Never.self) { try ImageManifest(json: JSONField(absurd)) }
    }

    @Test("a manifest with every member is read and written back the same")
    func manifestRoundTrip() throws {
        let value = try ImageManifest(json: JSONField(manifest))
        #expect(value.json == manifest)
        #expect(value.layers[0].size == 32654)
        #expect(value.layers[0].mediaType.compression == .gzip)
        #expect(value.extra == ["unknown": [1]])
        #expect(value.blobs.count == 2)
    }

    @Test("Docker's manifest is one, too")
    func docker() throws {
        let text = """
            {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
             "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 7023,
               "digest": "\(one)"},
             "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 32654,
               "digest": "\(two)"}]}
            """
        let value = try ImageManifest(parsing: Array(text.utf8))
        #expect(value.mediaType?.isManifest == true)
        #expect(value.config.mediaType.isConfig)
        #expect(value.layers[0].mediaType.isLayer)
        #expect(value.json == (try JSONValue(parsing: text)))
    }

    @Test("an index with every member is read and written back the same, and finds a platform's manifest")
    func index() throws {
        func entry(_ architecture: String, _ variant: String? = nil, _ size: Int64) -> JSONValue {
            var platform: JSONValue = ["os": "linux", "architecture": .string(architecture)]
            platform["variant"] = variant?.json
            return [
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": .string(one),
                "size": .integer(size), "platform": platform,
            ]
        }
        let json: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                entry("ppc64le", nil, 1), entry("arm", "v7", 2), entry("arm", "v6", 3), entry("arm64", "v8", 4),
                entry("amd64", nil, 5),
            ],
            "annotations": ["a": "b"], "unknown": true,
        ]
        let index = try ImageIndex(json: JSONField(json))
        #expect(index.json == json)
        #expect(index.manifest(for: Platform(os: "linux", architecture: "amd64"))?.size == 5)
        #expect(index.manifest(for: Platform(os: "linux", architecture: "arm64"))?.size == 4)
        #expect(index.manifest(for: Platform(os: "linux", architecture: "arm", variant: "v7"))?.size == 2)
        #expect(index.manifest(for: Platform(os: "linux", architecture: "arm", variant: "v6"))?.size == 3)
        #expect(index.manifest(for: Platform(os: "linux", architecture: "s390x")) == nil)
        #expect(index.manifest(for: Platform(os: "windows", architecture: "amd64")) == nil)
    }

    @Test("a document that could be read as both is neither")
    func ambiguous() {
        func message<T: JSONCodable>(_: T.Type, _ json: JSONValue) -> String? {
            #expect(throws: JSONError.self) { try T(json: JSONField(json)) }?.description
        }
        var both = manifest
        both["manifests"] = []
        #expect(message(ImageManifest.self, both) == "a manifest that is an index, too")
        #expect(message(ImageIndex.self, both)?.contains("an index that is a manifest, too") == true)
        var wrong = manifest
        wrong["mediaType"] = "application/vnd.oci.image.index.v1+json"
        #expect(message(ImageManifest.self, wrong) != nil)
        wrong["mediaType"] = nil
        wrong["schemaVersion"] = 1
        #expect(message(ImageManifest.self, wrong) == "schemaVersion: expected 2, found 1")
        wrong["schemaVersion"] = 2
        wrong["config"]?["size"] = -1
        #expect(message(ImageManifest.self, wrong) == "config.size: expected an unsigned integer, found -1")
        wrong["config"] = nil
        #expect(message(ImageManifest.self, wrong) == "config: required, but missing")
    }

    @Test(
        "a layer's type says how it is packed",
        arguments: [
            (.ociLayer, .uncompressed), (.ociLayerGzip, .gzip), (.ociLayerZstd, .zstd), (.dockerLayer, .uncompressed),
            (.dockerLayerGzip, .gzip),
            (.dockerForeignLayer, .gzip), ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", .gzip),
            (.ociConfig, nil),
            ("application/vnd.docker.image.rootfs.diff.tar.zstd", .zstd), ("text/plain", nil),
        ] as [(MediaType, MediaType.Compression?)])
    func compression(type: MediaType, compression: MediaType.Compression?) {
        #expect(type.compression == compression)
    }
}

@Suite("An image's config")
struct ImageConfigTests {
    static let document = """
        {
          "created": "2015-10-31T22:22:56.015925234Z", "author": "Alyssa P. Hacker <alyspdev@example.com>",
          "architecture": "arm", "os": "linux", "variant": "v7", "os.version": "1", "os.features": ["x"],
          "config": {
            "User": "alice:staff", "ExposedPorts": {"8080/tcp": {}, "53/udp": {}}, "Env": ["PATH=/bin", "FOO=oci_is_a"],
            "Entrypoint": ["/bin/my-app-binary"], "Cmd": ["--foreground"], "Volumes": {"/var/job-result-data": {}},
            "WorkingDir": "/home/alice", "Labels": {"com.example.project.git.url": "https://example.com/project.git"},
            "StopSignal": "SIGKILL", "Shell": ["/bin/bash", "-c"], "OnBuild": ["RUN make"], "ArgsEscaped": false,
            "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 30000000000, "Timeout": 1, "StartPeriod": 2,
              "StartInterval": 3, "Retries": 4},
            "Hostname": "", "Memory": 2048
          },
          "rootfs": {"type": "layers", "diff_ids": ["\(one)", "\(two)"]},
          "history": [
            {"created": "2015-10-31T22:22:54.690851953Z", "created_by": "ADD file in /", "author": "a", "comment": "c"},
            {"created_by": "CMD", "empty_layer": true}
          ],
          "docker_version": "1.9", "container_config": {"Cmd": null}, "id": "x"
        }
        """

    @Test("with every member is read and written back the same")
    func roundTrip() throws {
        let json = try JSONValue(parsing: Self.document)
        let config = try ImageConfig(json: JSONField(json))
        #expect(config.json == json)
        #expect(try ImageConfig(parsing: config.encoded()) == config)
    }

    @Test("gives its members their types")
    func members() throws {
        let config = try ImageConfig(parsing: Array(Self.document.utf8))
        let execution = try #require(config.config)
        #expect(execution.exposedPorts?.names == ["8080/tcp", "53/udp"])
        #expect(execution.volumes == ["/var/job-result-data"])
        #expect(execution.healthcheck?.interval == 30_000_000_000)
        #expect(execution.extra == ["Hostname": "", "Memory": 2048])
        #expect(config.history?[1].emptyLayer == true)
        #expect(config.rootfs.diffIDs.count == 2)
        #expect(config.platform.description == "linux/arm/v7")
        #expect(config.extra["docker_version"] == "1.9")
        #expect(
            config.chainIDs { _ in Array(repeating: 0, count: 32) }.map(\.short) == ["111111111111", "000000000000"])
    }

    @Test("may have no layers, and null for what is not set")
    func sparse() throws {
        let config = try ImageConfig(
            json: JSONField([
                "rootfs": ["type": "layers", "diff_ids": nil], "config": ["Cmd": nil, "User": "", "Volumes": nil],
            ]))
        #expect(config.rootfs.diffIDs.isEmpty)
        #expect(config.config?.cmd == nil)
        #expect(config.config?.user == nil)
    }

    @Test("is refused by the path of what is wrong")
    func refused() {
        func message(_ json: JSONValue) -> String? {
            #expect(throws: JSONError.self) { try ImageConfig(json: JSONField(json)) }?.description
        }
        #expect(message([:]) == "rootfs: required, but missing")
        #expect(
            message(["rootfs": ["diff_ids": ["sha256:1"]]])
                == #"rootfs.diff_ids[0]: invalid digest "1": sha256 has 64 lower-case hexadecimal digits"#)
        #expect(
            message(["rootfs": [:], "config": ["Healthcheck": ["Retries": "3"]]])
                == #"config.Healthcheck.Retries: expected an integer, found "3""#)
    }
}

@Suite("A platform")
struct PlatformTests {
    @Test(
        "is read in any spelling",
        arguments: [
            ("linux/amd64", "linux/amd64"), ("linux/x86_64", "linux/amd64"), ("Linux/ARM64/v8", "linux/arm64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"), ("linux/arm/6", "linux/arm/v6"), ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/i386", "linux/386"), ("macos/arm64", "darwin/arm64"), ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("s390x", "linux/s390x"), ("linux/arm64/v9", "linux/arm64/v9"),
            ("windows", "windows/\(Platform.host.architecture)"),
        ])
    func parsed(text: String, platform: String) throws {
        #expect(try Platform(parsing: text).description == platform)
    }

    @Test(
        "is refused when it is none",
        arguments: ["", "/", "linux/", "/amd64", "a", "linux/amd64/v1/x", "linux amd64", "linux/é", "*"])
    func refused(text: String) {
        #expect(throws: ImageSpecError.self) { try Platform(parsing: text) }
    }

    @Test(
        "runs what was built for it and for its predecessors",
        arguments: [
            ("linux/amd64", "linux/amd64", true), ("linux/amd64", "linux/386", true),
            ("linux/386", "linux/amd64", false),
            ("linux/amd64/v3", "linux/amd64/v2", true), ("linux/amd64/v2", "linux/amd64/v3", false),
            ("linux/amd64/v2", "linux/amd64", true),
            ("linux/arm64", "linux/arm/v7", true), ("linux/arm64/v9", "linux/arm64", true),
            ("linux/arm64", "linux/arm64/v9", false),
            ("linux/arm/v6", "linux/arm/v7", false), ("linux/arm/v7", "linux/arm/v5", true),
            ("linux/amd64", "windows/amd64", false),
            ("linux/riscv64", "linux/riscv64", true), ("linux/amd64", "linux/arm64", false),
        ])
    func matching(here: String, offer: String, runs: Bool) throws {
        #expect(try Platform(parsing: here).matches(Platform(parsing: offer)) == runs)
    }

    @Test("prefers its own kind")
    func ranking() throws {
        let here = try Platform(parsing: "linux/amd64/v3")
        let ranks = try ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"].map {
            here.rank(of: try Platform(parsing: $0))
        }
        #expect(ranks == [0, 1, 2, 3])
    }
}
