/// A filesystem mounted on the bundle's root filesystem, inside the container's mount namespace only.
///
/// This is how a snapshot gets below a container without a trace on the host.
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

/// What the caller, rather than the bundle, says about a container.
package struct PlanOptions: Equatable, Sendable {
    /// When the program starts.
    package enum Gate: Equatable, Sendable {
        /// At once: no second command, no fifo.
        case none
        /// When somebody calls ``Launcher/start(_:)``.
        case start
    }

    /// Who keeps the control group.
    package enum CgroupKeeper: Equatable, Sendable {
        /// This runtime, with files.
        case files
        /// Nobody: the container stays where the caller is.
        case nobody
    }

    /// A service manager waits to hear that the program is ready.
    package struct Notification: Equatable, Sendable {
        /// Where the program finds the folder with the socket.
        package var path: String
        /// The folder on the host.
        package var folder: String

        package init(path: String, folder: String) {
            self.path = path
            self.folder = folder
        }
    }

    /// The folder of `config.json`, absolute.
    package var bundle: String
    package var rootfsMounts: [RootfsMount] = []
    package var gate: Gate = .start
    /// Change the root with chroot(2) over a moved mount, for a root filesystem in an initial ramdisk.
    package var noPivot = false
    /// Leave the caller's session keyring in place.
    package var noNewKeyring = false
    /// How many descriptors from 3 on the program inherits, beside those of `LISTEN_FDS`.
    package var preservedDescriptors: Int32 = 0
    /// `LISTEN_FDS` of the caller: handed on with the descriptors.
    package var listenDescriptors: Int32 = 0
    package var cgroupKeeper: CgroupKeeper = .files
    package var notification: Notification?
    /// A control group with processes of others in it is no obstacle, as it is none for runc.
    package var joinsInhabitedCgroup = false
    /// Report each step while it is done.
    package var tellsSteps = false

    package init(bundle: String) {
        self.bundle = bundle
    }
}
