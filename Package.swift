// swift-tools-version: 6.2
import PackageDescription

// The house: one wing per line, from the ground floor up. A target may use its own wing and the wings below it;
// the check at the end of this file refuses anything else.
let wings = [
    "Vocabulary", "Linux", "OCI", "Runtime", "Service", "Content", "Distribution", "Node", "Cluster", "Commands",
]

/// What every target of ours is compiled with: a rule that matters is a compiler flag.
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

struct Room {
    var wing: String
    var target: Target
    /// Where the tests of this room live, when it has any.
    var tests: Target?
}

/// A library of ours with its unit tests in `Tests/<wing>/<name>Tests`; it lives in `folder` of its wing, by default its name.
func library(
    _ wing: String, _ name: String, uses: [String] = [], packages: [Target.Dependency] = [],
    linked: [String] = [], tested: Bool = false, testsUse: [String] = [], folder: String? = nil
) -> Room {
    let folder = folder ?? name
    return Room(
        wing: wing,
        target: .target(
            name: name, dependencies: uses.map { .target(name: $0) } + packages,
            path: "Sources/\(wing)/\(folder)", swiftSettings: house,
            linkerSettings: linked.map { .linkedLibrary($0) }),
        tests: tested
            ? .testTarget(
                name: "\(name)Tests",
                dependencies: ([name, "TestSupport"] + uses + testsUse).map { .target(name: $0) } + packages,
                path: "Tests/\(wing)/\(name)Tests", swiftSettings: house)
            : nil)
}

/// An executable: `main` and wiring only.
func command(
    _ name: String, uses: [String], packages: [Target.Dependency] = [], linker: [LinkerSetting] = []
) -> Room {
    Room(
        wing: "Commands",
        target: .executableTarget(
            name: name, dependencies: uses.map { .target(name: $0) } + packages,
            path: "Sources/Commands/\(name)", swiftSettings: house, linkerSettings: linker))
}

/// A daemon with the Swift runtime inside runs where no toolchain is; the order is that of who needs whom.
let withSwiftInside: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib"]), .linkedLibrary("CoreFoundation"), .linkedLibrary("_FoundationCShims"),
    .linkedLibrary("_FoundationCollections"), .linkedLibrary("_FoundationICU"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

var rooms: [Room] = [
    library("Vocabulary", "Units", tested: true),
    library("Vocabulary", "JSON", tested: true),
    library("Vocabulary", "Patterns", tested: true),

    Room(
        wing: "Linux",
        target: .target(name: "CLinux", path: "Sources/Linux/CLinux")),
    library("Linux", "LinuxKernel", uses: ["CLinux"], linked: ["cap"], tested: true),
    library("Linux", "Cgroups", uses: ["LinuxKernel", "CLinux", "Units"], tested: true),
    library("Linux", "Seccomp", uses: ["LinuxKernel", "CLinux"], linked: ["seccomp"], tested: true),
    library("Linux", "Lanes", uses: ["LinuxKernel", "CLinux"], tested: true),
    library("Linux", "DiskQuota", uses: ["LinuxKernel", "CLinux", "Units"]),

    library("Linux", "Netlink", uses: ["LinuxKernel", "Units"], tested: true, testsUse: ["CLinux"]),
    Room(wing: "Linux", target: .systemLibrary(name: "CNftables", path: "Sources/Linux/CNftables")),

    library("OCI", "RuntimeSpec", uses: ["JSON", "Units"], tested: true),
    library("OCI", "ImageSpec", uses: ["JSON", "Units"], tested: true),

    library(
        "Runtime", "ContainerRuntime",
        uses: ["RuntimeSpec", "JSON", "Units", "LinuxKernel", "CLinux", "Cgroups", "Seccomp"],
        tested: true),
    library("Runtime", "ShimProtocol", uses: ["JSON", "RuntimeSpec", "Units"], tested: true),
    library(
        "Runtime", "Shim",
        uses: ["ShimProtocol", "ContainerRuntime", "RuntimeSpec", "JSON", "Units", "LinuxKernel", "CLinux", "Cgroups"],
        tested: true),

    library(
        "Service", "HTTPKit", uses: ["JSON", "Units"],
        packages: [
            hummingbird, hummingbirdCore, httpTypes, nioHTTPTypes, nioHTTPTypesHTTP1, nioCore, nioPosix, nioHTTP1,
            nioSSL,
            crypto, logging, lifecycle,
        ], tested: true),
    library("Service", "Tunnel", packages: [nioCore, nioPosix, nioSSL, nioTLS], tested: true),
    library("Service", "DockerClient", uses: ["JSON", "Units", "LinuxKernel", "CLinux"], tested: true),

    library(
        "Service", "Identity", uses: ["JSON", "Units", "LinuxKernel"], packages: [x509, asn1, crypto, nioSSL],
        tested: true),

    library(
        "Content", "ContentStore", uses: ["ImageSpec", "JSON", "Units", "LinuxKernel", "CLinux", "Lanes"],
        packages: [crypto, logging], tested: true),
    Room(
        wing: "Content",
        target: .target(
            name: "RegistryServer",
            dependencies: [
                "ContentStore", "HTTPKit", "ImageSpec", "JSON", "LinuxKernel", "CLinux", "Lanes", hummingbird,
                httpTypes,
                nioCore, logging, lifecycle,
            ], path: "Sources/Content/Registry/Server", swiftSettings: house),
        tests: .testTarget(
            name: "RegistryServerTests",
            dependencies: [
                "RegistryServer", "ContentStore", "HTTPKit", "ImageSpec", "JSON", "LinuxKernel", "CLinux", "Lanes",
                "TestSupport", hummingbird, httpTypes, nioCore, nioPosix, logging, lifecycle,
            ], path: "Tests/Content/RegistryServerTests", swiftSettings: house)),
    Room(wing: "Content", target: .systemLibrary(name: "CArchive", path: "Sources/Content/CArchive")),
    library(
        "Content", "Archives", uses: ["CArchive", "LinuxKernel", "CLinux", "Lanes"], tested: true),
    library(
        "Content", "Snapshots",
        uses: ["Archives", "ContentStore", "ImageSpec", "JSON", "Units", "LinuxKernel", "CLinux", "Lanes"],
        packages: [crypto, logging], tested: true),

    library("Distribution", "Pieces", uses: ["ImageSpec"], tested: true),
    library("Distribution", "Peer", uses: ["Pieces", "ImageSpec"]),
    library("Distribution", "Tracker", uses: ["Pieces", "ImageSpec"]),

    Room(wing: "Node", target: .systemLibrary(name: "CLdns", path: "Sources/Node/CLdns")),
    library(
        "Node", "Networking",
        uses: ["CNftables", "CLdns", "Netlink", "JSON", "Units", "LinuxKernel", "CLinux", "Lanes"],
        packages: [logging], tested: true),
    library(
        "Content", "RegistryClient",
        uses: ["ContentStore", "ImageSpec", "JSON", "Units", "LinuxKernel", "CLinux", "Lanes"],
        packages: [asyncHTTPClient, crypto, logging, nioCore, nioHTTP1, nioPosix, nioSSL], tested: true,
        folder: "Registry/Client"),

    library(
        "Node", "Volumes",
        uses: ["DiskQuota", "DockerClient", "JSON", "Units", "LinuxKernel", "CLinux", "Lanes"], tested: true),
    library(
        "Node", "Engine",
        uses: [
            "Networking", "Volumes", "DiskQuota", "Archives", "ContentStore", "RegistryClient", "Snapshots",
            "ShimProtocol", "Patterns",
            "RuntimeSpec", "ImageSpec", "JSON", "Units",
            "LinuxKernel",
            "CLinux", "Cgroups",
            "Seccomp", "Lanes",
        ],
        packages: [grdb, nioCore, nioPosix, logging, lifecycle, crypto], tested: true),
    library(
        "Node", "ImageBuild",
        uses: [
            "Engine", "Archives", "ContentStore", "Snapshots", "ImageSpec", "JSON", "Units", "Patterns", "LinuxKernel",
            "CLinux", "Lanes",
        ],
        packages: [nioCore, logging], tested: true),
    library(
        "Node", "EngineAPI",
        uses: [
            "Engine", "ImageBuild", "HTTPKit", "RegistryServer", "RegistryClient", "ContentStore", "Snapshots",
            "ImageSpec", "JSON", "Units", "Lanes",
        ],
        packages: [hummingbird, httpTypes, nioCore, logging], tested: true),

    library(
        "Distribution", "Transfer",
        uses: ["Identity", "HTTPKit", "LinuxKernel", "CLinux", "Lanes"],
        packages: [nioCore, nioPosix, nioHTTP1, nioSSL, httpTypes, logging, lifecycle], tested: true),
    library("Distribution", "Prewarm", uses: ["JSON", "Units"], tested: true),
    library(
        "Distribution", "PoolNode",
        uses: [
            "Prewarm", "Transfer", "Peer", "Pieces", "Identity", "ContentStore", "ImageSpec", "JSON", "Units",
            "LinuxKernel",
            "CLinux", "Lanes",
        ],
        packages: [nioCore, nioSSL, logging, lifecycle], tested: true),
    library(
        "Distribution", "PoolTracker",
        uses: [
            "Prewarm", "PoolNode", "Transfer", "Tracker", "Pieces", "Identity", "HTTPKit", "RegistryClient",
            "ContentStore", "ImageSpec", "JSON", "Patterns", "LinuxKernel", "Lanes",
        ],
        packages: [hummingbird, httpTypes, nioCore, logging, lifecycle], tested: true,
        testsUse: ["Peer"]),

    library("Cluster", "Scheduling", uses: ["Units"], tested: true),
    library("Cluster", "ClusterModel", uses: ["JSON", "Units"], packages: [yams], tested: true),
    library(
        "Cluster", "APIServer",
        uses: [
            "ClusterModel", "ClusterStore", "NodeStreams", "HTTPKit", "Identity", "JSON", "Units", "Lanes",
            "LinuxKernel", "CLinux",
        ],
        packages: [
            hummingbird, httpTypes, nioCore, nioPosix, nioHTTP1, nioSSL, asyncHTTPClient, logging, lifecycle,
        ],
        tested: true),
    library(
        "Cluster", "NodeStreams", uses: ["HTTPKit", "JSON", "Units", "Lanes"],
        packages: [hummingbird, httpTypes, nioCore, logging], tested: true),
    library("Cluster", "ClusterStore", uses: ["Units"], tested: true, testsUse: ["StoreConformance"]),
    library(
        "Cluster", "SQLiteStore", uses: ["ClusterStore", "Units", "Lanes"], packages: [grdb, crypto], tested: true,
        testsUse: ["StoreConformance", "LinuxKernel"]),
    library(
        "Cluster", "PoolClient", uses: ["ClusterModel", "Identity", "JSON", "Units", "LinuxKernel", "CLinux", "Lanes"],
        packages: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL], tested: true),
    library(
        "Cluster", "SchedulerLoop", uses: ["Scheduling", "ClusterModel", "JSON", "Units"], packages: [logging],
        tested: true),
    library(
        "Cluster", "Controllers", uses: ["ClusterModel", "JSON", "Units"], packages: [logging], tested: true),
    library(
        "Cluster", "NodeAgent",
        uses: [
            "NodeStreams", "ClusterModel", "Engine", "Archives", "Cgroups", "JSON", "Units", "LinuxKernel", "CLinux",
            "Lanes",
        ],
        packages: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL, logging], tested: true),
    library(
        "Cluster", "Simulation", uses: ["SchedulerLoop", "Scheduling", "ClusterModel", "JSON", "Units"], tested: true,
        testsUse: ["LinuxKernel"]),

    command(
        "pouch-runtime",
        uses: [
            "Shim", "ContainerRuntime", "RuntimeSpec", "JSON", "Units", "LinuxKernel", "CLinux", "Cgroups", "Seccomp",
        ],
        linker: [.unsafeFlags(["-static-executable"])]),
    library(
        "Commands", "Verbs", uses: ["DockerClient", "JSON", "Units", "Patterns", "LinuxKernel", "CLinux"], tested: true),
    // Static, glibc too: the dynamic loader cost as much as the rest of a short command (1.6 against 0.85 ms). What it talks to is a
    // Unix socket; host names are for pouchd to resolve.
    command(
        "pouch", uses: ["Verbs"], linker: [.unsafeFlags(["-static-executable"])]),
    command(
        "pouch-registry", uses: ["RegistryServer", "ContentStore", "HTTPKit", "Lanes"],
        packages: [argumentParser, logging, lifecycle, unixSignals, nioCore, nioPosix]),
    command(
        "pouch-server",
        uses: [
            "APIServer", "ClusterStore", "SQLiteStore", "ClusterModel", "SchedulerLoop", "Scheduling", "Controllers",
            "PoolTracker", "RegistryClient", "Identity", "HTTPKit", "Lanes", "LinuxKernel", "CLinux",
        ],
        packages: [nioSSL, argumentParser, logging, lifecycle, unixSignals, nioCore, nioPosix],
        linker: withSwiftInside),
    command(
        "pouch-pool",
        uses: [
            "Tunnel", "PoolClient", "ClusterModel", "Identity", "DockerClient", "JSON", "Units", "Lanes", "LinuxKernel",
            "CLinux",
        ],
        packages: [argumentParser], linker: withSwiftInside),
    command(
        "pouch-simulate", uses: ["Simulation", "Scheduling", "ClusterModel", "Units", "LinuxKernel", "CLinux"]),
    command(
        "pouchd",
        uses: [
            "NodeAgent", "NodeStreams", "PoolClient", "ClusterModel",
            "EngineAPI", "Engine", "ImageBuild", "HTTPKit", "RegistryServer", "RegistryClient", "ContentStore",
            "Snapshots", "PoolNode", "Prewarm", "Transfer", "Pieces", "Identity",
            "ImageSpec", "JSON", "Units", "LinuxKernel", "CLinux", "Lanes",
        ],
        packages: [argumentParser, logging, lifecycle, unixSignals, hummingbird, httpTypes, nioCore, nioPosix],
        linker: withSwiftInside),
]

/// Tests that cross rooms: they find the executables by path and depend on none of them.
func crossing(_ name: String, path: String, uses: [String], packages: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name, dependencies: uses.map { .target(name: $0) } + packages, path: "Tests/\(path)", swiftSettings: house
    )
}

// `POUCH_WINGS="Vocabulary Linux OCI Runtime" swift test` builds and tests part of the house, without the packages the
// rest needs.
if let chosen = Context.environment["POUCH_WINGS"]?.split(separator: " ").map(String.init) {
    rooms = rooms.filter { chosen.contains($0.wing) || chosen.contains($0.target.name) }
}

/// What a room uses of ours.
func usedRooms(_ room: Room) -> [String] {
    room.target.dependencies.compactMap { if case .targetItem(let name, _) = $0 { name } else { nil } }
}
// A room whose floor was not chosen cannot stand.
while true {
    let names = Set(rooms.map(\.target.name))
    let standing = rooms.filter { usedRooms($0).allSatisfy(names.contains) }
    if standing.count == rooms.count { break }
    rooms = standing
}

let whole = Context.environment["POUCH_WINGS"].map { $0.split(separator: " ").contains("Tests") } ?? true
let crossings: [Target] =
    [
        .target(
            name: "TestSupport", dependencies: ["JSON", "LinuxKernel", "CLinux"], path: "Tests/TestSupport",
            swiftSettings: house)
    ]
    + (whole
        ? [
            crossing(
                "IntegrationTests", path: "Integration",
                uses: [
                    "TestSupport", "DockerClient", "JSON", "Units", "LinuxKernel", "CLinux", "Cgroups", "Archives",
                    "DiskQuota", "Volumes",
                    "ContentStore", "Snapshots", "ImageSpec", "Lanes", "ShimProtocol", "RuntimeSpec",
                ]),
            crossing("EndToEndTests", path: "EndToEnd", uses: ["TestSupport", "JSON", "LinuxKernel"]),
            crossing(
                "PoolSimulationTests", path: "Simulation/Pool",
                uses: [
                    "TestSupport", "APIServer", "NodeAgent", "Controllers", "SchedulerLoop", "ClusterModel",
                    "ClusterStore", "JSON", "Units",
                ]),
            crossing("SoundnessTests", path: "Soundness", uses: ["TestSupport", "LinuxKernel"]),
            .executableTarget(
                name: "swarm-bench", dependencies: ["TestSupport", "JSON", "LinuxKernel"],
                path: "Tests/Benchmarks/swarm-bench", swiftSettings: house),
            .executableTarget(
                name: "pouch-bench",
                dependencies: ["TestSupport", "DockerClient", "Seccomp", "JSON", "LinuxKernel", "CLinux"],
                path: "Tests/Benchmarks/pouch-bench", swiftSettings: house),
        ] : [])

// The pool on paper, for the tests of the distributor's machines and for their benchmark.
let distributionOnPaper: [Target] =
    rooms.contains { $0.target.name == "Tracker" }
    ? [
        .target(
            name: "DistributionSimulation", dependencies: ["Peer", "Tracker", "Pieces", "ImageSpec"],
            path: "Tests/Simulation/Distribution", swiftSettings: house),
        .testTarget(
            name: "DistributionTests",
            dependencies: ["DistributionSimulation", "Peer", "Tracker", "Pieces", "ImageSpec", "TestSupport"],
            path: "Tests/Distribution/DistributionTests", swiftSettings: house),
        .executableTarget(
            name: "distribution-bench",
            dependencies: [
                "DistributionSimulation", "TestSupport", "Peer", "Tracker", "Pieces", "ImageSpec", "LinuxKernel",
            ],
            path: "Tests/Benchmarks/distribution-bench", swiftSettings: house),
    ] : []

let schedulerBench: [Target] =
    rooms.contains { $0.target.name == "Scheduling" }
    ? [
        .executableTarget(
            name: "scheduler-bench", dependencies: ["TestSupport", "Scheduling", "Units", "LinuxKernel"],
            path: "Tests/Benchmarks/scheduler-bench", swiftSettings: house)
    ] : []

let poolBench: [Target] =
    rooms.contains { $0.target.name == "SQLiteStore" }
    ? [
        .executableTarget(
            name: "pool-bench",
            dependencies: ["TestSupport", "ClusterStore", "SQLiteStore", "LinuxKernel", "CLinux"],
            path: "Tests/Benchmarks/pool-bench", swiftSettings: house)
    ] : []

/// What every backend of a contract must pass, as values that its tests run.
let conformance: [Target] =
    rooms.contains { $0.target.name == "ClusterStore" }
    ? [
        .target(
            name: "StoreConformance", dependencies: ["ClusterStore", "TestSupport", "Units"],
            path: "Tests/Conformance/Store",
            swiftSettings: house)
    ] : []

let transferBench: [Target] =
    rooms.contains { $0.target.name == "Transfer" }
    ? [
        .executableTarget(
            name: "transfer-bench",
            dependencies: ["TestSupport", "Transfer", "Identity", "LinuxKernel", logging, nioPosix, nioCore, nioSSL],
            path: "Tests/Benchmarks/transfer-bench", swiftSettings: house)
    ] : []

let floor = Dictionary(uniqueKeysWithValues: rooms.map { ($0.target.name, wings.firstIndex(of: $0.wing) ?? 0) })
for room in rooms {
    for dependency in room.target.dependencies {
        guard case .targetItem(let name, _) = dependency, let below = floor[name] else { continue }
        precondition(
            below <= floor[room.target.name] ?? 0,
            "\(room.target.name) (\(room.wing)) may not use \(name): it lives on a floor above")
    }
}

let packagesNeeded = Set(
    rooms.flatMap { $0.target.dependencies + ($0.tests?.dependencies ?? []) }.compactMap { dependency in
        if case .productItem(_, let package, _, _) = dependency { package } else { nil }
    })
let packages: [(String, Package.Dependency)] = [
    ("swift-argument-parser", .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")),
    ("swift-nio", .package(url: "https://github.com/apple/swift-nio", from: "2.101.2")),
    ("swift-nio-extras", .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2")),
    ("swift-nio-ssl", .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6")),
    ("swift-http-types", .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0")),
    ("hummingbird", .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1")),
    ("GRDB.swift", .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0")),
    ("swift-crypto", .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")),
    ("swift-log", .package(url: "https://github.com/apple/swift-log", from: "1.16.2")),
    (
        "swift-service-lifecycle",
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0")
    ),
    ("async-http-client", .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0")),
    ("swift-certificates", .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1")),
    ("swift-asn1", .package(url: "https://github.com/apple/swift-asn1", from: "1.7.2")),
    ("Yams", .package(url: "https://github.com/jpsim/Yams", from: "6.2.2")),
]

let package = Package(
    name: "pouch",
    dependencies: packages.filter { packagesNeeded.contains($0.0) }.map(\.1),
    targets: rooms.map(\.target) + rooms.compactMap(\.tests) + crossings + conformance + distributionOnPaper
        + schedulerBench + transferBench + poolBench
)
