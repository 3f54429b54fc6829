import HTTPTypes
import Hummingbird
import MartletCore
import NIOCore

/// The pages: one document for all addresses that the interface draws, and the files that it needs.
struct WebUIRoutes: Sendable {
    private let assets: WebAssets

    /// First names of addresses that the interface draws; `web/js/main.js` knows what they mean.
    static let pages = [
        "e", "r", "m", "d", "compare", "models", "datasets", "jobs", "settings", "login", "embed", "experiments",
        "runs", "reports", "search", "authorize", "orgs",
    ]

    /// First names of addresses that are no pages.
    private static let others: Set<Substring> = [
        "api", "ajax-api", "js", "graphql", "files", "wandb", "v1", "sdk", "metrics", "health", "version",
        "artifactsV2",
        "artifacts",
    ]

    /// Who may frame a page with `?jupyter=true`, which has no navigation: notebooks of the same machine.
    private static let notebooks = " http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*"

    /// Whether addresses that begin with this name are not those of an entity of W&B.
    static func isTaken(_ name: String) -> Bool { pages.contains(name) || others.contains(name[...]) }

    init(configuration: HTTPConfiguration) {
        assets = WebAssets(folder: configuration.uiDirectory, basePath: configuration.basePath)
    }

    func add(to router: Router<MartletRequestContext>) {
        router.get("/") { request, _ in try page(request) }
        for name in Self.pages {
            router.get("/\(name)") { request, _ in try page(request) }
            router.get("/\(name)/**") { request, _ in try page(request) }
        }
        // Addresses that W&B's client prints; the interface finds out what they mean.
        let paths: [RouterPath] = [
            "/{file}/{project}", "/{file}/{project}/workspace", "/{file}/{project}/table", "/{file}/{project}/overview",
            "/{file}/{project}/runs", "/{file}/{project}/runs/{run}", "/{file}/{project}/runs/{run}/**",
            "/{file}/{project}/groups/**",
            "/{file}/{project}/artifacts", "/{file}/{project}/artifacts/**", "/{file}/{project}/sweeps",
            "/{file}/{project}/sweeps/{sweep}", "/{file}/{project}/reports", "/{file}/{project}/reports/**",
        ]
        for path in paths {
            router.get(path) { request, _ in
                let first = request.uri.path.split(separator: "/").first ?? ""
                // Only for who takes a page: what asks for a file or for data is told that there is none.
                let isCertain = path.description.contains("{project}/")
                guard !Self.others.contains(first), Self.takesPages(request, isCertain: isCertain) else {
                    throw MartletError(.notFound, "nothing is at this path")
                }
                return try page(request)
            }
        }
        router.get("/js/**") { request, _ in
            try file("js/" + decodedPathTail(of: request, after: "/js/"), request)
        }
        router.get("/{file}") { request, context in
            let name = try decodedParameter("file", context)
            return try name == "index.html" ? page(request) : file(name, request)
        }
    }

    /// - Parameter isCertain: whether the address is one that a client of W&B prints: who says nothing takes a page there.
    private static func takesPages(_ request: Request, isCertain: Bool) -> Bool {
        let accepted = request.headers[.accept] ?? "*/*"
        return accepted.contains("text/html") || isCertain && accepted.contains("*/*")
    }

    private func page(_ request: Request) throws(MartletError) -> Response {
        var response = try file("index.html", request)
        let isForNotebook = try request.queryItems.first("jupyter") == "true"
        response.headers[.contentSecurityPolicy] =
            "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
            + "img-src 'self' data: blob:; frame-ancestors 'self'\(isForNotebook ? Self.notebooks : "")"
        if !isForNotebook { response.headers[.frameOptions] = "SAMEORIGIN" }
        response.headers[.referrerPolicy] = "same-origin"
        return response
    }

    private func file(_ path: String, _ request: Request) throws(MartletError) -> Response {
        let asset = try assets.asset(path)
        // Names do not change with the content, so a browser asks each time and is told "not modified".
        var headers: HTTPFields = [
            .contentType: asset.type, .eTag: asset.tag, .cacheControl: "no-cache", .vary: "Accept-Encoding",
        ]
        if EntityTag.matches(request.headers[.ifNoneMatch], asset.tag) {
            return Response(status: .notModified, headers: headers)
        }
        if Gzip.isAccepted(by: request), let packed = assets.packed(path, asset) {
            headers[.contentEncoding] = "gzip"
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: packed)))
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes)))
    }
}
