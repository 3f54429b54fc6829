import Foundation
import HTTPTypes
package import Hummingbird
package import MartletCore

/// MLflow's tracking protocol, as the Python package 3.18 speaks it. See docs/compatibility.md.
///
/// A translation: every request becomes one call of a service, every answer is made from domain types.
package struct MLflowDialect: Dialect {
    typealias Context = MartletRequestContext
    typealias Handler = @Sendable (Request, Context) async throws -> Response

    /// What clients switch features on.
    static let servedVersion = "3.18.0"

    let services: Services
    let links: SignedLinks
    let locations: ExperimentLocations

    /// - Parameters:
    ///   - basePath: where a proxy puts the server: empty, or `/` and names; for URLs in answers.
    ///   - linkKey: signs links; the same on all servers of an installation.
    package init(services: Services, basePath: String, linkKey: [UInt8]) {
        self.services = services
        links = SignedLinks(basePath: basePath, key: linkKey, now: services.environment.now)
        locations = ExperimentLocations()
    }

    package var pathPrefixes: [String] {
        ["/api/2.0/", "/api/3.0/", "/ajax-api/", "/get-artifact", "/model-versions/", "/v1/traces"]
    }

    package var publicPrefixes: [String] {
        ["/api/2.0", "/api/3.0", "/ajax-api/2.0", "/ajax-api/3.0"].map { $0 + "/mlflow-artifacts/signed" }
    }

    /// A request is about the workspace of `X-MLFLOW-WORKSPACE`, else about the default one.
    package func confine(_ principal: Principal, _ request: Request) async throws(MartletError) -> Principal {
        guard principal.isKnown else { return principal }
        let name = request.headers[.mlflowWorkspace]?.trimmingCharacters(in: .whitespaces) ?? ""
        guard !name.isEmpty else { return try await services.workspaces.confine(principal, to: Workspace.defaultName) }
        let path = request.uri.path
        // What the server can, and which workspaces there are, is told whatever the field says.
        if path.hasSuffix("/mlflow/server-info") || path.contains("/mlflow/workspaces") { return principal }
        return try await services.workspaces.confine(principal, to: name)
    }

    package func response(to error: MartletError) -> Response { MLflowErrors.response(to: error) }

    package func addRoutes(to router: Router<MartletRequestContext>) {
        router.get("/health") { _, _ in Response.text("OK") }
        router.get("/version") { _, _ in Response.text(Self.servedVersion) }
        router.get("/get-artifact", use: runArtifact)
        for root in ["/api/2.0", "/api/3.0", "/ajax-api/2.0", "/ajax-api/3.0"] {
            let table = RouteGroup(router: router, root: root)
            addExperimentRoutes(to: table)
            addRunRoutes(to: table)
            addMetricRoutes(to: table)
            addLoggedModelRoutes(to: table)
            addRegistryRoutes(to: table)
            addArtifactRoutes(to: table)
            addWorkspaceRoutes(to: table)
            addUserRoutes(to: table)
            table.get("/mlflow/server-info") { _, _ in Response.json(Self.serverInfo) }
            addMissingParts(to: table)
        }
        for method in [HTTPRequest.Method.get, .post] {
            router.on("/v1/traces", method: method, use: notYet("tracing"))
        }
        router.get("/model-versions/get-artifact", use: modelVersionArtifact)
    }

    /// Paths below one of the four roots that lead to the same handlers.
    struct RouteGroup {
        let router: Router<MartletRequestContext>
        let root: String

        func get(_ path: String, use handler: @escaping Handler) { on(.get, path, handler) }
        func post(_ path: String, use handler: @escaping Handler) { on(.post, path, handler) }

        func on(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
            router.on(RouterPath(root + path), method: method, use: handler)
        }
    }

    private func addExperimentRoutes(to table: RouteGroup) {
        let base = "/mlflow/experiments"
        table.post(base + "/create", use: createExperiment)
        table.get(base + "/get", use: experiment)
        table.get(base + "/get-by-name", use: experimentByName)
        table.get(base + "/search", use: searchExperiments)
        table.post(base + "/search", use: searchExperiments)
        table.post(base + "/update", use: updateExperiment)
        table.post(base + "/delete", use: deleteExperiment)
        table.post(base + "/restore", use: restoreExperiment)
        table.post(base + "/set-experiment-tag", use: setExperimentTag)
        table.post(base + "/delete-experiment-tag", use: deleteExperimentTag)
        table.post(base + "/search-datasets", use: searchDatasets)
    }

    private func addRunRoutes(to table: RouteGroup) {
        let base = "/mlflow/runs"
        table.post(base + "/create", use: createRun)
        table.get(base + "/get", use: run)
        table.post(base + "/update", use: updateRun)
        table.post(base + "/delete", use: deleteRun)
        table.post(base + "/restore", use: restoreRun)
        table.post(base + "/search", use: searchRuns)
        table.post(base + "/log-metric", use: logMetric)
        table.post(base + "/log-parameter", use: logParam)
        table.post(base + "/log-batch", use: logBatch)
        table.post(base + "/set-tag", use: setTag)
        table.post(base + "/delete-tag", use: deleteTag)
        table.post(base + "/log-inputs", use: logInputs)
        table.post(base + "/outputs", use: logOutputs)
        table.post(base + "/log-model", use: logModelHistory)
    }

    private func addMetricRoutes(to table: RouteGroup) {
        table.get("/mlflow/metrics/get-history", use: metricHistory)
        table.get("/mlflow/metrics/get-history-bulk", use: metricHistoryBulk)
        table.get("/mlflow/metrics/get-history-bulk-interval", use: metricHistorySample)
    }

    private func addLoggedModelRoutes(to table: RouteGroup) {
        let base = "/mlflow/logged-models"
        table.post(base, use: createLoggedModel)
        table.post(base + "/search", use: searchLoggedModels)
        table.get(base + "/{model_id}", use: loggedModel)
        table.on(.patch, base + "/{model_id}", finishLoggedModel)
        table.on(.delete, base + "/{model_id}", deleteLoggedModel)
        table.post(base + "/{model_id}/params", use: addLoggedModelParams)
        table.on(.patch, base + "/{model_id}/tags", setLoggedModelTags)
        table.on(.delete, base + "/{model_id}/tags/{tag_key}", deleteLoggedModelTag)
        table.get(base + "/{model_id}/artifacts/directories", use: listLoggedModelArtifacts)
        table.get(base + "/{model_id}/artifacts/files", use: loggedModelArtifact)
    }

    private func addRegistryRoutes(to table: RouteGroup) {
        let models = "/mlflow/registered-models"
        table.post(models + "/create", use: createRegisteredModel)
        table.get(models + "/get", use: registeredModel)
        table.on(.patch, models + "/update", updateRegisteredModel)
        table.post(models + "/rename", use: renameRegisteredModel)
        table.on(.delete, models + "/delete", deleteRegisteredModel)
        table.get(models + "/search", use: searchRegisteredModels)
        table.get(models + "/get-latest-versions", use: latestModelVersions)
        table.post(models + "/get-latest-versions", use: latestModelVersions)
        table.post(models + "/set-tag", use: setRegisteredModelTag)
        table.on(.delete, models + "/delete-tag", deleteRegisteredModelTag)
        table.get(models + "/alias", use: modelVersionByAlias)
        table.post(models + "/alias", use: setRegisteredModelAlias)
        table.on(.delete, models + "/alias", deleteRegisteredModelAlias)
        let versions = "/mlflow/model-versions"
        table.post(versions + "/create", use: createModelVersion)
        table.get(versions + "/get", use: modelVersion)
        table.on(.patch, versions + "/update", updateModelVersion)
        table.post(versions + "/transition-stage", use: moveModelVersion)
        table.on(.delete, versions + "/delete", deleteModelVersion)
        table.get(versions + "/search", use: searchModelVersions)
        table.get(versions + "/get-download-uri", use: modelVersionLocation)
        table.post(versions + "/set-tag", use: setModelVersionTag)
        table.on(.delete, versions + "/delete-tag", deleteModelVersionTag)
    }

    private func addArtifactRoutes(to table: RouteGroup) {
        table.get("/mlflow/artifacts/list", use: listRunArtifacts)
        table.post("/mlflow/upload-artifact", use: uploadRunArtifact)
        let base = "/mlflow-artifacts"
        table.get(base + "/artifacts", use: listProxied)
        table.on(.delete, base + "/artifacts", deleteProxied)
        table.get(base + "/artifacts/**", use: proxied)
        table.on(.put, base + "/artifacts/**", putProxied)
        table.on(.delete, base + "/artifacts/**", deleteProxied)
        table.post(base + "/mpu/create", use: createUpload)
        table.post(base + "/mpu/create/**", use: createUpload)
        table.post(base + "/mpu/complete", use: completeUpload)
        table.post(base + "/mpu/complete/**", use: completeUpload)
        table.post(base + "/mpu/abort", use: abortUpload)
        table.post(base + "/mpu/abort/**", use: abortUpload)
        table.on(.put, base + "/signed-part/{upload}/{number}", putSignedPart)
        table.get(base + "/presigned/**", use: presignedDownload)
        table.get(base + "/signed/{workspace}/**", use: signedArtifact)
    }

    private func addWorkspaceRoutes(to table: RouteGroup) {
        let base = "/mlflow/workspaces"
        table.get(base, use: listWorkspaces)
        table.post(base, use: createWorkspace)
        table.get(base + "/{workspace_name}", use: workspace)
        table.on(.patch, base + "/{workspace_name}", updateWorkspace)
        table.on(.delete, base + "/{workspace_name}", deleteWorkspace)
    }

    /// What MLflow has and this server has not: 501, which clients do not retry.
    private func addMissingParts(to table: RouteGroup) {
        let missing: [(path: String, what: String)] = [
            ("traces", "tracing"), ("datasets", "evaluation datasets"), ("webhooks", "webhooks"),
            ("gateway", "the AI gateway"), ("scorers", "scorers"), ("label-schemas", "label schemas"),
            ("review-queues", "review queues"), ("issues", "issues"), ("jobs", "jobs"),
            ("prompt-optimization", "prompt optimization"), ("mcp-servers", "MCP servers"), ("skills", "skills"),
            ("assistant", "the assistant"), ("users/roles", "roles with names"), ("roles", "roles with names"),
        ]
        for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
            for (path, what) in missing {
                table.on(method, "/mlflow/\(path)", notYet(what))
                table.on(method, "/mlflow/\(path)/**", notYet(what))
            }
        }
        table.post("/mlflow/artifacts/presigned-upload-url", use: notYet("presigned upload of artifacts"))
        table.post("/mlflow/artifacts/presigned-download-url", use: notYet("presigned download of artifacts"))
    }

    private func notYet(_ what: String) -> Handler {
        { _, _ in
            throw MartletError(.unimplemented, "Martlet does not offer \(what) of the MLflow API yet.")
        }
    }

    /// `GET server-info`: parallel transfer in parts is on; the rest says what is not there.
    private static let serverInfo = Array(
        """
        {"store_type":"SqlStore","workspaces_enabled":true,"trace_archival_enabled":false,\
        "multipart_uploads_enabled":true,"multipart_downloads_enabled":true,"artifact_serving_enabled":true,\
        "presigned_upload_run_id_supported":false,"presigned_upload_model_id_supported":false,\
        "model_artifact_presigned_downloads_supported":false,\
        "features_enabled":{"gateway":false,"scheduled_issue_detection":false},"tracking_auth":"",\
        "artifacts_presigned_only":false}
        """.utf8
    )

    /// The answer to every write that says nothing.
    static let emptyObject = Response.json(Array("{}".utf8))

    static func json(_ write: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter(reserving: 1_024)
        writer.beginObject()
        write(&writer)
        writer.endObject()
        return .json(writer.bytes)
    }
}
