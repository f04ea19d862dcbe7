Feature: What becomes known after a period was closed
  A closed period stands. What becomes known of it later, be it late, wrong or cancelled, posts in the open period and says
  which period it belongs to. Before the close everything counts by its own date.

  Scenario: Quantities and costs corrected after the close catch up in the open month
    Odoo's tests of stock valuation layers (case 45): value and quantity left at the end of each history, as published. What
    was entered too low is a further document of the same day, what was entered too high goes back; both are known when
    January is closed. Of "increase in 2" 15 units left before the 100 at 15 came, so 85 of these are left; the ten at 10
    that are found in February make 1,275 + 100 = 1,375. Known before the close, the ten are sold first and 1,425 is left:
    the example of `settled-by-the-next-receipt.tieout` shows it.

    Of "wrong cost" ten came in at 100 and four were sold when January was closed: 400 of cost, 600 left. The cost should
    have been 110. The sale is taken back, the receipt cancelled, and both are entered as they should have been. February
    bears the 40 more that four units cost, says that they belong to January, and holds six at 110.

    Given goods kept sales wait
    And the parts increase in 2, increase in 1, decrease in 2, increase out 1, decrease out 1, add line out 1, wrong cost
    And these receipts
      | document | date       | part           | quantity | unit cost |
      | A1       | 2026-01-01 | increase in 2  | 10       | 10        |
      | A2       | 2026-01-02 | increase in 2  | 10       | 12        |
      | A5       | 2026-01-05 | increase in 2  | 100      | 15        |
      | B1       | 2026-01-01 | increase in 1  | 10       | 10        |
      | B2       | 2026-01-02 | increase in 1  | 10       | 15        |
      | C1       | 2026-01-01 | decrease in 2  | 20       | 10        |
      | D1       | 2026-01-01 | increase out 1 | 20       | 10        |
      | D3       | 2026-01-03 | increase out 1 | 20       | 15        |
      | E1       | 2026-01-01 | decrease out 1 | 20       | 10        |
      | E3       | 2026-01-03 | decrease out 1 | 20       | 15        |
      | F1       | 2026-01-01 | add line out 1 | 20       | 10        |
      | F3       | 2026-01-03 | add line out 1 | 20       | 15        |
      | G1       | 2026-01-05 | wrong cost     | 10       | 100       |
    And these sales
      | number | date       | part           | quantity |
      | A3     | 2026-01-03 | increase in 2  | 15       |
      | A4     | 2026-01-04 | increase in 2  | 20       |
      | B3     | 2026-01-03 | increase in 1  | 20       |
      | C2     | 2026-01-02 | decrease in 2  | 10       |
      | C3     | 2026-01-03 | decrease in 2  | 10       |
      | D2     | 2026-01-02 | increase out 1 | 10       |
      | E2     | 2026-01-02 | decrease out 1 | 15       |
      | F2     | 2026-01-02 | add line out 1 | 10       |
      | G2     | 2026-01-10 | wrong cost     | 4        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    And these receipts become known
      | document | date       | part          | quantity | unit cost |
      | A1+      | 2026-01-01 | increase in 2 | 10       | 10        |
      | B1+      | 2026-01-01 | increase in 1 | 10       | 10        |
      | C5       | 2026-02-05 | decrease in 2 | 20       | 15        |
      | G1 anew  | 2026-01-21 | wrong cost    | 10       | 110       |
    And these vendor returns become known
      | number | date       | part          | quantity | document |
      | C1-    | 2026-01-01 | decrease in 2 | 10       | C1       |
      | G1-    | 2026-01-21 | wrong cost    | 10       | G1       |
    And these sales become known
      | number | date       | part           | quantity |
      | D2+    | 2026-01-02 | increase out 1 | 15       |
      | F2+    | 2026-01-02 | add line out 1 | 5        |
      | G2 anew | 2026-01-22 | wrong cost    | 4        |
    And these sales returns become known
      | number | date       | part           | quantity |
      | E2-    | 2026-01-02 | decrease out 1 | 10       |
      | G2-    | 2026-01-20 | wrong cost     | 4        |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed for good
    Then the results are
      | part           | units held | value held |
      | increase in 2  | 95         | 1,375      |
      | increase in 1  | 10         | 100        |
      | decrease in 2  | 10         | 150        |
      | increase out 1 | 15         | 225        |
      | decrease out 1 | 35         | 450        |
      | add line out 1 | 25         | 350        |
      | wrong cost     | 6          | 660        |
    And among the balances are
      | part       | role          | movement           | amount |
      | wrong cost | inventory     | opening            | 600    |
      | wrong cost | inventory     | receive            | 1,100  |
      | wrong cost | inventory     | back-to-vendor     | -1,000 |
      | wrong cost | inventory     | cost-of-goods-sold | -40    |
      | wrong cost | inventory     | closing            | 660    |
      | wrong cost | cost-of-sales | opening            | 400    |
      | wrong cost | cost-of-sales | cost-of-goods-sold | 40     |
      | wrong cost | cost-of-sales | closing            | 440    |
    And every tie-out holds
  Scenario: The same histories where late facts recompute from their date
    The strict figures of case 45. January is replayed with what February knows of it, and February posts what January
    would have posted otherwise. "Increase in 2": 35 of 10 + 10 at 10, 10 at 12 and 100 at 15 cost 200 + 120 + 75 = 395,
    not 445, and 95 at 15 = 1,425 are left. "Increase in 1": 20 at 10 cost 200, not 250; ten at 15 = 150 are left.
    "Decrease in 2": ten went back on the first day, so the second ten sold in January wait until the receipt at 15.
    January's cost of 200 becomes 100, and February's own is 150. "Wrong cost" is the same by either way. Of "told anew"
    the sales H2 and H3 come again under their numbers: five units instead of three, and two that left in February, not in
    January. January's cost of 5 x 7 stays 35 with other units, and February's is 2 x 7.

    Given goods kept late recomputes
    And the parts increase in 2, increase in 1, decrease in 2, wrong cost, told anew
    And these receipts
      | document | date       | part          | quantity | unit cost |
      | A1       | 2026-01-01 | increase in 2 | 10       | 10        |
      | A2       | 2026-01-02 | increase in 2 | 10       | 12        |
      | A5       | 2026-01-05 | increase in 2 | 100      | 15        |
      | B1       | 2026-01-01 | increase in 1 | 10       | 10        |
      | B2       | 2026-01-02 | increase in 1 | 10       | 15        |
      | C1       | 2026-01-01 | decrease in 2 | 20       | 10        |
      | G1       | 2026-01-05 | wrong cost    | 10       | 100       |
      | H1       | 2026-01-06 | told anew     | 10       | 7         |
    And these sales
      | number | date       | part          | quantity |
      | A3     | 2026-01-03 | increase in 2 | 15       |
      | A4     | 2026-01-04 | increase in 2 | 20       |
      | B3     | 2026-01-03 | increase in 1 | 20       |
      | C2     | 2026-01-02 | decrease in 2 | 10       |
      | C3     | 2026-01-03 | decrease in 2 | 10       |
      | G2     | 2026-01-10 | wrong cost    | 4        |
      | H2     | 2026-01-11 | told anew     | 3        |
      | H3     | 2026-01-12 | told anew     | 2        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    And these receipts become known
      | document | date       | part          | quantity | unit cost |
      | A1+      | 2026-01-01 | increase in 2 | 10       | 10        |
      | B1+      | 2026-01-01 | increase in 1 | 10       | 10        |
      | C5       | 2026-02-05 | decrease in 2 | 20       | 15        |
      | G1 anew  | 2026-01-21 | wrong cost    | 10       | 110       |
    And these vendor returns become known
      | number | date       | part          | quantity | document |
      | C1-    | 2026-01-01 | decrease in 2 | 10       | C1       |
      | G1-    | 2026-01-21 | wrong cost    | 10       | G1       |
    And these sales become known
      | number  | date       | part       | quantity |
      | G2 anew | 2026-01-22 | wrong cost | 4        |
      | H2      | 2026-01-11 | told anew  | 5        |
      | H3      | 2026-02-12 | told anew  | 2        |
    And these sales returns become known
      | number | date       | part       | quantity |
      | G2-    | 2026-01-20 | wrong cost | 4        |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed for good
    Then the results are
      | part          | units held | value held |
      | increase in 2 | 95         | 1,425      |
      | increase in 1 | 10         | 150        |
      | decrease in 2 | 10         | 150        |
      | wrong cost    | 6          | 660        |
      | told anew     | 3          | 21         |
    And among the balances are
      | part          | role          | movement           | amount |
      | increase in 2 | inventory     | opening            | 1,275  |
      | increase in 2 | inventory     | receive            | 100    |
      | increase in 2 | inventory     | cost-of-goods-sold | 50     |
      | increase in 2 | inventory     | closing            | 1,425  |
      | increase in 2 | cost-of-sales | closing            | 395    |
      | increase in 1 | cost-of-sales | opening            | 250    |
      | increase in 1 | cost-of-sales | cost-of-goods-sold | -50    |
      | decrease in 2 | inventory     | opening            | 0      |
      | decrease in 2 | cost-of-sales | cost-of-goods-sold | 50     |
      | decrease in 2 | cost-of-sales | closing            | 250    |
      | wrong cost    | cost-of-sales | opening            | 400    |
      | wrong cost    | cost-of-sales | cost-of-goods-sold | 40     |
      | wrong cost    | inventory     | closing            | 660    |
      | told anew     | cost-of-sales | opening            | 35     |
      | told anew     | cost-of-sales | closing            | 49     |
    And every tie-out holds
    And "G2 anew" is told to be "FY2026-P02 posts what this changes: JL-FY2026-P02-"
    When somebody asks what is behind "debit Cost of sales" that belongs to FY2026-P01
    Then it brings a debit of 400.00 to a debit of 440.00
    And behind the correction are
      | kind          | day        | quantity |
      | sales-return  | 2026-01-20 | 4        |
      | receipt       | 2026-01-21 | 10       |
      | vendor-return | 2026-01-21 | 10       |
      | sale          | 2026-01-22 | 4        |

