Feature: A distributor's report against three priced shipments
  What the distributor should hold follows from what we shipped and what it resold; its stock report says what it does
  hold. What it resold is worth what the oldest shipments were invoiced at, or what the price book says.

  Scenario: Variance, sell-through and what stays deferred
    EBN, "Avoid the pitfalls of sell-through channel management" (case 49): three invoices, a price book of 121, 2,500
    units resold with a credit of 10 a unit, 7,000 reported on hand. The figures expected are derived from these, as the
    stored copy of the article ends before its own. Its average price of 118 is for a later version, with average cost.

    Given a channel kept by the standard
    And these partners
      | partner | model  | price protected |
      | RHINO   | resale | no              |
    And this price book
      | part | from       | list price |
      | ACME | 2026-01-01 | 121        |
    And these authorisations
      | number | partner | part | unit credit | from       | through    |
      | SD-1   | RHINO   | ACME | 10          | 2026-01-01 | 2026-12-31 |
    And these shipments
      | invoice | shipped    | received   | partner | part | quantity | unit price |
      | 1       | 2026-01-05 | 2026-01-07 | RHINO   | ACME | 1000     | 120        |
      | 2       | 2026-01-08 | 2026-01-10 | RHINO   | ACME | 5000     | 115        |
      | 3       | 2026-01-12 | 2026-01-14 | RHINO   | ACME | 3000     | 122        |
    And these resales
      | number | date       | partner | part | quantity | resale price | authorisation | reported for | received   |
      | POS-1  | 2026-01-20 | RHINO   | ACME | 2500     | 150          | SD-1          | FY2026-P01   | 2026-02-01 |
    And these stock reports
      | partner | part | date       | quantity |
      | RHINO   | ACME | 2026-01-31 | 7000     |
    When what is known on 2026-02-03 is loaded
    And FY2026-P01 is closed on trial, with more unresolved than the standard allows
    Then the stock is
      | partner | part | expected | reported | variance | treatment |
      | RHINO   | ACME | 6,500    | 7,000    | 500      | exception |
    And the sell through is
      | units sold | first in first out | first in first out net | price book | price book net |
      | 2,500      | 292,500            | 267,500                | 302,500    | 277,500        |
    And the deferred layers are
      | document | remaining | unit price | value   |
      | 2        | 3,500     | 115        | 402,500 |
      | 3        | 3,000     | 122        | 366,000 |
    And among the deferred income is
      | partner | role             | movement               | amount    |
      | RHINO   | deferred-revenue | defer-on-shipment      | 1,061,000 |
      | RHINO   | deferred-revenue | recognise-sell-through | -292,500  |
      | RHINO   | deferred-revenue | closing                | 768,500   |
    And the journal posts
      | title                   | debit     | credit    |
      | Trade receivables       | 1,061,000 | 0         |
      | Deferred revenue        | 292,500   | 1,061,000 |
      | Accrued channel credits | 0         | 25,000    |
      | Product revenue         | 0         | 267,500   |
    And every tie-out holds
