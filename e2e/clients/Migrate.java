// A whole migration with the Java client that openapi-generator makes of openapi/openapi.json.
//
//   MAILFERRY_URL=… MAILFERRY_API_KEY=… MIGRATION='{"host": …}' java -cp … Migrate main
//   …                                                           java -cp … Migrate delta ORDER

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import example.mailferry.ApiClient;
import example.mailferry.ApiException;
import example.mailferry.api.AccountsApi;
import example.mailferry.api.ChecksApi;
import example.mailferry.api.OrdersApi;
import example.mailferry.api.RunsApi;
import example.mailferry.api.ServiceApi;
import example.mailferry.api.VouchersApi;
import example.mailferry.model.AccountCreate;
import example.mailferry.model.AccountPair;
import example.mailferry.model.Check;
import example.mailferry.model.CheckCreate;
import example.mailferry.model.DeltaCreate;
import example.mailferry.model.Endpoint;
import example.mailferry.model.LoginState;
import example.mailferry.model.Order;
import example.mailferry.model.OrderCreate;
import example.mailferry.model.OrderOptions;
import example.mailferry.model.OrderStart;
import example.mailferry.model.OrderState;
import example.mailferry.model.Progress;
import example.mailferry.model.Protocol;
import example.mailferry.model.ProviderChoice;
import example.mailferry.model.RunSummary;
import example.mailferry.model.SideInput;
import example.mailferry.model.StartKind;
import example.mailferry.model.TlsMode;
import example.mailferry.model.VoucherCreate;
import example.mailferry.model.VoucherRedeem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

public class Migrate {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ApiClient client = new ApiClient();
    private final JsonNode migration;

    private Migrate() throws Exception {
        migration = JSON.readTree(System.getenv("MIGRATION"));
        String key = System.getenv("MAILFERRY_API_KEY");
        client.updateBaseUri(System.getenv("MAILFERRY_URL"));
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + key));
    }

    public static void main(String[] arguments) throws Exception {
        Migrate program = new Migrate();
        UUID order = arguments[0].equals("main") ? program.start() : UUID.fromString(arguments[1]);
        if (arguments[0].equals("delta")) {
            new RunsApi(program.client).startDelta(order, null, new DeltaCreate());
        }
        System.out.println(program.report(order, program.watch(order)));
    }

    /** An order with one account pair that was checked, is paid for, and is started. */
    private UUID start() throws ApiException, InterruptedException {
        UUID order = createOrder();
        new AccountsApi(client).createAccount(order, account(), null);
        check(order);
        String code = new VouchersApi(client).createVouchers(new VoucherCreate().pairs(1), null).getItems().get(0).getCode();
        OrdersApi orders = new OrdersApi(client);
        orders.redeemVoucher(order, new VoucherRedeem().code(code), null);
        orders.startOrder(order, null, new OrderStart().kind(StartKind.MAIN));
        return order;
    }

    private UUID createOrder() throws ApiException {
        String terms = new ServiceApi(client).getService(null).getTermsVersion();
        OrderCreate wanted = new OrderCreate()
            .acceptedTerms(terms)
            .source(provider("source_port"))
            .destination(provider("destination_port"))
            .options(new OrderOptions().includeTrash(true).includeJunk(true));
        // The key makes it safe to send again, whatever became of the first time.
        String key = UUID.randomUUID().toString();
        Order first = new OrdersApi(client).createOrder(wanted, key);
        Order second = new OrdersApi(client).createOrder(wanted, key);
        if (!first.getId().equals(second.getId())) {
            throw new IllegalStateException("the same request has made two orders");
        }
        return first.getId();
    }

    private ProviderChoice provider(String port) {
        Endpoint endpoint = new Endpoint().host(text("host")).port(migration.get(port).asInt()).tls(TlsMode.IMPLICIT);
        return new ProviderChoice().endpoint(endpoint);
    }

    private AccountCreate account() {
        return new AccountCreate().source(side("source_user")).destination(side("destination_user"));
    }

    private SideInput side(String user) {
        return new SideInput().user(text(user)).password(text("password"));
    }

    private String text(String name) {
        return migration.get(name).asText();
    }

    private void check(UUID order) throws ApiException, InterruptedException {
        ChecksApi checks = new ChecksApi(client);
        Check check = checks.startCheck(order, null, new CheckCreate());
        while (!check.getFinished()) {
            Thread.sleep(300);
            check = checks.readCheck(order, check.getId(), null);
        }
        if (check.getItems().stream().anyMatch(item -> item.getLogin() != LoginState.PASSED)) {
            throw new IllegalStateException("checks failed: " + check.getItems());
        }
    }

    /** Polls until the order rests. */
    private Progress watch(UUID order) throws ApiException, InterruptedException {
        for (;;) {
            Progress progress = new RunsApi(client).readProgress(order, null);
            if (progress.getState() != OrderState.SCHEDULED && progress.getState() != OrderState.ACTIVE) {
                return progress;
            }
            Thread.sleep(Math.min(progress.getPollAfterMs(), 500));
        }
    }

    private String report(UUID order, Progress progress) throws Exception {
        List<Map<String, Object>> runs = new ArrayList<>();
        for (AccountPair pair : new AccountsApi(client).listAccounts(order, null, null, null).getItems()) {
            for (RunSummary run : pair.getRuns()) {
                Protocol protocol = new RunsApi(client).readProtocol(order, pair.getId(), run.getId(), null);
                runs.add(Map.of(
                    "kind", protocol.getRun().getKind().getValue(),
                    "state", protocol.getRun().getState().getValue(),
                    "folders", protocol.getFolders().size()));
            }
        }
        Map<String, Long> counts = Map.of(
            "stored", progress.getCounts().getStored(),
            "present", progress.getCounts().getPresent(),
            "failed", progress.getCounts().getFailed(),
            "uncertain", progress.getCounts().getUncertain());
        return JSON.writeValueAsString(
            Map.of("order_id", order, "state", progress.getState().getValue(), "counts", counts, "runs", runs));
    }
}
