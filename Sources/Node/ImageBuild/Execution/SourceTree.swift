internal import Archives
internal import ContentStore
internal import Engine
internal import ImageSpec
internal import Lanes
internal import LinuxKernel
internal import Snapshots

/// Files that a step reads: the build context, or the root filesystem of a stage or an image.
struct SourceTree: Sendable {
    let tree: Tree
    /// The layers it is made of; nil for the context.
    let layers: String?
    private let close: (@Sendable () -> Void)?

    init(context tree: Tree) {
        self.tree = tree
        layers = nil
        close = nil
    }

    /// The files of a stack of layers; blocks.
    init(layers top: Digest?, _ snapshotter: any Snapshotter) throws(BuildError) {
        let id = StageRun.snapshotName()
        layers = top?.description ?? "scratch"
        do throws(SnapshotError) {
            _ = try snapshotter.prepare(id, from: top, options: SnapshotOptions())
            tree = try snapshotter.withRoot(of: id, writable: false) { $0 }
        } catch {
            try? snapshotter.remove(id)
            throw .invalid(error.description)
        }
        close = { try? snapshotter.remove(id) }
    }

    func finish() async {
        guard let close else { return }
        await Lanes.shared.run { close() }
    }
}

extension StageRun {
    /// The files that `from` names: a stage, an image, or nil for the context.
    func openSource(_ from: String?) async throws(BuildError) -> SourceTree {
        guard let from else { return SourceTree(context: build.context.tree) }
        let top: Digest?
        switch build.plan.source(from, before: index) {
        case .scratch: top = nil
        case .stage(let other):
            guard let result = done[other] else {
                throw .invalid("stage \(from) is not built when a trigger of the base image asks for it")
            }
            top = result.draft.top
        case .image(let name): top = try await baseImage(name).top
        }
        let snapshotter = engine.snapshotter
        return try await Lanes.shared.run { () throws(BuildError) in try SourceTree(layers: top, snapshotter) }
    }
}
