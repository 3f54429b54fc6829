import Foundation
import Hummingbird
import MartletCore

/// What a version of a model is registered from.
struct MLflowModelSource {
    /// As the version keeps it.
    var uri: String
    /// Where the files are.
    var location: String
    var runID: Run.ID?
    var modelID: LoggedModel.ID?
    /// The folder of this server that has them.
    var files: (owner: ArtifactOwner, folder: ArtifactPath)?
}

/// Sources as MLflow 3.18 checks them (`server/handlers.py`): a version must not open what its run or model does not
/// hold, nor a place of this machine.
extension MLflowDialect {
    func modelSource(
        _ message: MLflowMessage,
        isPrompt: Bool,
        _ context: Context
    ) async throws(MartletError) -> MLflowModelSource {
        let uri = try message.required("source")
        let run = try message.string("run_id") ?? ""
        let model = try message.string("model_id") ?? ""
        var source = MLflowModelSource(
            uri: uri,
            location: uri,
            runID: run.isEmpty ? nil : Run.ID(run),
            modelID: model.isEmpty ? nil : LoggedModel.ID(model)
        )
        if isPrompt {
            guard ["dummy-source", "prompt-template"].contains(uri) else {
                throw MLflowErrors.invalid(
                    "Invalid prompt source: '\(uri)'. Prompt sources must use an MLflow placeholder."
                )
            }
            return source
        }
        let scheme = MLflowSourceURI.scheme(of: uri)
        try MLflowSourceURI.checkHost(of: uri, scheme)
        if scheme == "models" {
            try await resolveRegistered(&source, message, context)
        } else if ["", "file"].contains(scheme) {
            try await checkLocal(source, context)
        } else {
            try MLflowSourceURI.checkPath(of: uri)
            try await checkPlace(&source, scheme, context)
        }
        if source.runID == nil, let id = source.modelID {
            source.runID = try await storedModel(id, context).sourceRunID
        }
        return source
    }

    /// `models:/<logged model>`, `models:/<name>/<version or stage>` or `models:/<name>@<alias>`.
    private func resolveRegistered(
        _ source: inout MLflowModelSource,
        _ message: MLflowMessage,
        _ context: Context
    ) async throws(MartletError) {
        let uri = source.uri
        guard !uri.hasPrefix("models://") else {
            throw MLflowErrors.invalid(
                "Invalid model version source: '\(uri)'. Registered model sources must use the active model registry."
            )
        }
        try MLflowSourceURI.checkPath(of: uri)
        let names = uri.dropFirst("models:".count).split(separator: "/").map(String.init)
        guard (1...2).contains(names.count) else { throw MLflowSourceURI.refused(uri, "model_id") }
        if names.count == 1, !names[0].contains("@") {
            guard let id = source.modelID, id.rawValue == names[0] else {
                throw MLflowSourceURI.refused(uri, "model_id")
            }
            let model = try await sourceModel(id, uri, context)
            source.location = model.artifactURI
            source.files = try files(at: model.artifactURI, context)
            return
        }
        let version = try await registered(names, context)
        guard !MLflowPrompts.areOfPrompt(version.tags) else {
            throw MLflowErrors.invalid(
                "Invalid model version source: '\(uri)'. Prompt versions cannot be used as model version sources."
            )
        }
        let known = version.membership.version
        let hasOtherRun = try message.string("run_id").map { $0 != version.runID?.rawValue ?? "" } ?? false
        let hasOtherModel = try message.string("model_id").map { !$0.isEmpty && $0 != version.origin.modelID?.rawValue }
        guard !hasOtherRun, hasOtherModel != true else {
            throw MLflowErrors.invalid(
                "Invalid model version source: '\(uri)'. The run_id and model_id request parameters must match the "
                    + "referenced model version."
            )
        }
        source.uri = "models:/\(version.model)/\(version.number)"
        source.location =
            version.origin.location.isEmpty ? MLflowArtifactURI.ofVersion(known) : version.origin.location
        source.runID = version.runID
        source.modelID = nil
        source.files = known.fileCount > 0 ? (.version(known.id), .root) : nil
    }

    private func registered(_ names: [String], _ context: Context) async throws(MartletError) -> ModelVersion {
        if names.count == 1 {
            let parts = names[0].split(separator: "@").map(String.init)
            return try await version(alias: parts.last ?? "", of: parts.dropLast().joined(separator: "@"), context)
        }
        let (name, choice) = (names[0], names[1])
        if let number = Int64(choice) {
            return try await services.models.version(number, of: name, as: context.principal)
        }
        if choice.lowercased() == "latest" { return try await version(alias: "latest", of: name, context) }
        let model = try await services.models.model(name, as: context.principal)
        let stage = try MLflowTranslation.stage(choice)
        guard let found = model.latest.first(where: { $0.stage == stage }) else {
            throw MLflowErrors.invalid("No versions of model with name '\(name)' and stage '\(choice)' found")
        }
        return found
    }

    private func checkPlace(
        _ source: inout MLflowModelSource,
        _ scheme: String,
        _ context: Context
    ) async throws(MartletError) {
        let uri = source.uri
        if scheme == "runs" {
            guard source.modelID == nil else { throw MLflowSourceURI.refused(uri, "model_id") }
            let names = uri.dropFirst("runs:".count).split(separator: "/").map(String.init)
            guard !uri.hasPrefix("runs://"), let run = source.runID, names.first == run.rawValue else {
                throw MLflowSourceURI.refused(uri, "run_id")
            }
            source.files = try files(at: uri, context)
            return
        }
        guard scheme == "mlflow-artifacts" else { return }
        let (root, kind): (String, String)
        if let id = source.modelID {
            (root, kind) = (try await sourceModel(id, uri, context).artifactURI, "model_id")
        } else if let id = source.runID {
            (root, kind) = (try await sourceRunPlace(id, uri, context), "run_id")
        } else {
            throw MLflowSourceURI.refused(uri, "run_id")
        }
        guard MLflowSourceURI.isInside(uri, root) else { throw MLflowSourceURI.refused(uri, kind) }
        source.files = try files(at: uri, context)
    }

    /// A path of the machine must be in the folder of the run or model.
    private func checkLocal(_ source: MLflowModelSource, _ context: Context) async throws(MartletError) {
        let uri = source.uri
        let kind = source.modelID == nil ? "run" : "model"
        let root: String?
        if let id = source.modelID {
            root = try await sourceModel(id, uri, context).artifactURI
        } else if let id = source.runID {
            root = try await sourceRunPlace(id, uri, context)
        } else {
            root = nil
        }
        if let root, ["", "file"].contains(MLflowSourceURI.scheme(of: root)), MLflowSourceURI.isInside(uri, root) {
            try MLflowSourceURI.checkPath(of: uri)
            return
        }
        throw MLflowErrors.invalid(
            "Invalid model version source: '\(uri)'. To use a local path as a model version source, the \(kind)_id "
                + "request parameter has to be specified and the local path has to be contained within the artifact "
                + "directory of the run specified by the \(kind)_id."
        )
    }

    private func sourceModel(
        _ id: LoggedModel.ID,
        _ uri: String,
        _ context: Context
    ) async throws(MartletError) -> LoggedModel {
        do {
            return try await services.loggedModels.model(id, as: context.principal)
        } catch {
            throw error.code == .notFound ? MLflowSourceURI.refused(uri, "model_id") : error
        }
    }

    /// The URI of a run's artifacts.
    private func sourceRunPlace(_ id: Run.ID, _ uri: String, _ context: Context) async throws(MartletError) -> String {
        do {
            return try await artifactURI(of: id, context)
        } catch {
            throw error.code == .notFound ? MLflowSourceURI.refused(uri, "run_id") : error
        }
    }

    /// The folder of this server that a URI means; `nil` for another place.
    func files(
        at uri: String,
        _ context: Context
    ) throws(MartletError) -> (owner: ArtifactOwner, folder: ArtifactPath)? {
        if uri.hasPrefix("runs:/") {
            let names = uri.dropFirst("runs:/".count).split(separator: "/").map(String.init)
            guard let run = names.first else { return nil }
            return (.run(Run.ID(run)), try Self.safePath(names.dropFirst().joined(separator: "/")))
        }
        guard let path = MLflowArtifactURI.servedPath(of: uri) else { return nil }
        let place = try MLflowArtifactURI.place(
            of: try Self.safePath(MLflowSourceURI.decoded(path)),
            in: context.principal.currentWorkspace
        )
        switch place.owner {
        case .run, .loggedModel, .version: return (place.owner, place.path)
        case .workspace, .draft: return nil
        }
    }
}

/// The URIs of sources, taken apart as Python's `urllib` does.
enum MLflowSourceURI {
    /// In lower case, what stands before the first colon when it can be a scheme; else empty.
    static func scheme(of uri: String) -> String {
        guard let colon = uri.firstIndex(of: ":"), let first = uri.first, first.isASCII, first.isLetter else {
            return ""
        }
        let name = uri[..<colon]
        let isScheme = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        return isScheme ? name.lowercased() : ""
    }

    static func refused(_ uri: String, _ kind: String) -> MartletError {
        MLflowErrors.invalid(
            "Invalid model version source: '\(uri)'. The \(kind) request parameter must identify the resource that "
                + "contains the source."
        )
    }

    /// - Throws: `invalidArgument` for a path that is not absolute or not its own normal form, however often encoded.
    static func checkPath(of uri: String) throws(MartletError) {
        let text = decoded(uri.replacing("+", with: " "))
        let names = parts(of: text).path.split(separator: "/", omittingEmptySubsequences: true)
        let isPlain = !text.split(separator: "/").contains("..") && !names.contains { $0 == "." || $0 == ".." }
        guard isPlain, !text.utf8.contains(0), !names.isEmpty, parts(of: text).path.hasPrefix("/") else {
            throw MLflowErrors.invalid(
                "Invalid model version source: '\(uri)'. If supplying a source as an http, https, local file path, ftp, "
                    + "objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path "
                    + "references present. Please provide an absolute path."
            )
        }
    }

    /// Schemes by which a URI would send readers to any host.
    private static let hostSchemes: Set<String> = ["http", "https", "ftp", "sftp", "hdfs"]

    /// - Throws: `invalidArgument` for a URI that names the host to be asked.
    static func checkHost(of uri: String, _ scheme: String) throws(MartletError) {
        guard hostSchemes.contains(scheme) || (scheme == "mlflow-artifacts" && !parts(of: uri).host.isEmpty) else {
            return
        }
        throw MLflowErrors.invalid(
            "'source' cannot use the '\(scheme)' scheme: the '\(scheme)' scheme addresses a host other than the "
                + "tracking server's configured artifact storage. Register what was logged here, or what is in an "
                + "object store."
        )
    }

    /// Whether a URI is that of a folder or of something in it.
    static func isInside(_ uri: String, _ root: String) -> Bool {
        let (inner, outer) = (parts(of: uri), parts(of: root))
        let (names, roots) = (pathNames(of: uri), pathNames(of: root))
        return scheme(of: uri) == scheme(of: root) && inner.host == outer.host && !roots.isEmpty
            && names.starts(with: roots) && !names.contains("..")
    }

    private static func pathNames(of uri: String) -> [String] {
        parts(of: uri).path.split(separator: "/").map { decoded(String($0)) }
    }

    private static func parts(of uri: String) -> (host: String, path: String) {
        let scheme = scheme(of: uri)
        var rest = scheme.isEmpty ? uri[...] : uri.dropFirst(scheme.count + 1)
        var host = ""
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            host = rest.prefix { $0 != "/" }.lowercased()
            rest = rest.drop { $0 != "/" }
        }
        return (host, String(rest.prefix { $0 != "?" && $0 != "#" }))
    }

    /// As often as it is percent-encoded.
    static func decoded(_ text: String) -> String {
        var text = text
        for _ in 0..<10 {
            guard let plain = text.removingPercentEncoding, plain != text else { return text }
            text = plain
        }
        return text
    }
}
