// What the Java client that openapi-generator makes of openapi/openapi.json says of a service.
//
//   java -cp … Service http://127.0.0.1:8080 API_KEY

import example.mailferry.ApiClient;
import example.mailferry.ApiException;
import example.mailferry.api.OrdersApi;
import example.mailferry.api.ServiceApi;
import example.mailferry.model.Order;
import example.mailferry.model.OrderCreate;
import java.util.UUID;

public class Service {
    public static void main(String[] arguments) throws ApiException {
        ApiClient client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + arguments[1]));
        String terms = new ServiceApi(client).getService(null).getTermsVersion();
        Order order = new OrdersApi(client)
            .createOrder(new OrderCreate().acceptedTerms(terms), UUID.randomUUID().toString());
        Order again = new OrdersApi(client).readOrder(order.getId(), null);
        System.out.println(again.getId() + " " + again.getState());
    }
}
