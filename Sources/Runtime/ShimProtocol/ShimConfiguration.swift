package import JSON

/// What pouchd writes into `DIR/shim.json` before it starts the shim.
///
/// What the container is stands in the bundle's `config.json`; here stands what the process beside it needs.
package struct ShimConfiguration: Equatable, Sendable {
    /// An OCI runtime to drive instead of the one built in.
    package struct ExternalRuntime: Equatable, Sendable {
        /// An absolute path.
        package var path: String
        /// Global arguments of the runtime, before the command.
        package var arguments: [String]
        /// Passed as `--root` when set.
        package var root: String?

        package init(path: String, arguments: [String] = [], root: String? = nil) {
            self.path = path
            self.arguments = arguments
            self.root = root
        }
    }

    /// A mount that makes up the root filesystem, performed on the bundle's rootfs inside the container's mount namespace.
    package struct RootfsMount: Equatable, Sendable {
        package var type: String
        package var source: String
        /// As mount(8) takes them.
        package var options: [String]

        package init(type: String, source: String, options: [String] = []) {
            self.type = type
            self.source = source
            self.options = options
        }
    }

    /// Where the output is kept.
    package struct Log: Equatable, Sendable {
        /// The absolute path of a file in the format of docker's json-file driver, or of the CRI.
        ///
        /// Rotation renames it to `path.1`, that one to `path.2`, and so on.
        package var path: String
        /// A file that has reached this many bytes is rotated; `nil` never.
        package var maxSize: UInt64?
        /// How many files are kept, the newest included, at least 1.
        package var maxFile: Int
        /// The labels and variables that every line carries (`attrs`), in order.
        package var attributes: JSONObject
        /// Lines as Kubernetes has them: time, stream, whether it ends, text.
        package var isCRI = false

        package init(path: String, maxSize: UInt64? = nil, maxFile: Int = 1, attributes: JSONObject = [:]) {
            self.path = path
            self.maxSize = maxSize
            self.maxFile = maxFile
            self.attributes = attributes
        }
    }

    /// A socket that the shim inherits and that is attached before the container starts.
    package struct AttachedDescriptor: Equatable, Sendable {
        package var fd: Int32
        package var streams: StreamSelection

        package init(fd: Int32, streams: StreamSelection) {
            self.fd = fd
            self.streams = streams
        }
    }

    package var version: Int
    package var id: String
    /// The id of the user's request that this start is part of, for the log.
    package var requestID: String?
    /// The folder of `config.json`.
    package var bundle: String
    /// `nil` runs the container in the shim itself.
    package var runtime: ExternalRuntime?
    /// Where the built-in runtime keeps its `state.json`; `nil` for its default.
    package var stateRoot: String?
    package var rootfsMounts: [RootfsMount]
    /// Whether the container's stdin is a pipe (or the terminal) instead of /dev/null.
    package var stdinOpen: Bool
    /// Whether the container's stdin ends with the first attached client's.
    package var stdinOnce: Bool
    /// `nil` keeps no log.
    package var log: Log?
    package var attached: [AttachedDescriptor]
    /// The group, in every hierarchy, that the shim moves itself into; `nil` leaves it where pouchd is.
    package var shimCgroup: String?
    /// Where the exit is written; `nil` for `DIR/exit.json`.
    package var exitPath: String?

    package init(id: String, bundle: String) {
        version = ShimProtocol.version
        self.id = id
        self.bundle = bundle
        rootfsMounts = []
        stdinOpen = false
        stdinOnce = false
        attached = []
    }
}
