Feature: Years of weeks
  A year of 52 or 53 whole weeks ends on a certain weekday: the one nearest a date, or the last of a month. So it may end in
  the next month or the next calendar year, and every few years it is a week longer. The week counts come from the dates.

  Scenario Outline: Year ends and weeks of three companies
    Accounting policy notes of IDT, Xilinx and Lattice (case 84): the Sunday or Saturday nearest 31 March, or nearest 31
    December. Lattice's year 2015 ended in January 2016. IDT's year 2015 is worked out.

    Given years that end on <days>
    And these foundings
      | company | date         |
      | ANY     | <first seen> |
    When what is known on 2021-01-02 is loaded
    And <period> is closed on trial
    Then the years are
      | first year ends | first weeks | year ends | weeks   | last year ends | last weeks |
      | <end before>    | <w before>  | <end>     | <weeks> | <end after>    | <w after>  |
    And the lengths are
      | period ends | weeks of period | weeks of quarter |
      | <closed>    | <w period>      | <w quarter>      |

    Examples: IDT, 2016 to 2018; the extra week is in the third quarter
      | days                             | period     | first seen | end before | w before | end        | weeks | end after  | w after | closed     | w period | w quarter |
      | sundays nearest the end of march | FY2017-P12 | 2017-03-20 | 2016-04-03 | 53       | 2017-04-02 | 52    | 2018-04-01 | 52      | 2017-04-02 | 5        | 13        |
      | sundays nearest the end of march | FY2016-P09 | 2015-12-20 | 2015-03-29 | 52       | 2016-04-03 | 53    | 2017-04-02 | 52      | 2016-01-03 | 6        | 14        |

    Examples: Xilinx, 2015 to 2020
      | days                               | period     | first seen | end before | w before | end        | weeks | end after  | w after | closed     | w period | w quarter |
      | saturdays nearest the end of march | FY2016-P12 | 2016-03-20 | 2015-03-28 | 52       | 2016-04-02 | 53    | 2017-04-01 | 52      | 2016-04-02 | 6        | 14        |
      | saturdays nearest the end of march | FY2019-P12 | 2019-03-20 | 2018-03-31 | 52       | 2019-03-30 | 52    | 2020-03-28 | 52      | 2019-03-30 | 5        | 13        |

    Examples: Lattice, 2015 to 2018, with its first quarters of 2017 and 2018
      | days                                  | period     | first seen | end before | w before | end        | weeks | end after  | w after | closed     | w period | w quarter |
      | saturdays nearest the end of december | FY2017-P03 | 2017-03-20 | 2016-12-31 | 52       | 2017-12-30 | 52    | 2018-12-29 | 52      | 2017-04-01 | 5        | 13        |
      | saturdays nearest the end of december | FY2016-P12 | 2016-12-20 | 2016-01-02 | 52       | 2016-12-31 | 52    | 2017-12-30 | 52      | 2016-12-31 | 5        | 13        |

  Scenario Outline: Weeks of the periods
    Oracle Payables and Oracle's retail accounting cycles; ServiceNow's fiscal calendars (case 85): which periods have five
    weeks, and that of twelve times four weeks a thirteenth takes what remains: here in a year of 53 weeks.

    Given years of <pattern>
    And these foundings
      | company | date         |
      | ANY     | <first seen> |
    When what is known on 2021-01-02 is loaded
    And <period> is closed on trial
    Then the three periods are
      | weeks of period before | weeks of period | weeks of period after |
      | <before>               | <this>          | <after>               |

    Examples:
      | pattern        | period     | first seen | before | this | after |
      | four four five | FY2017-P02 | 2016-05-02 | 4      | 4    | 5     |
      | four four five | FY2017-P08 | 2016-11-01 | 4      | 4    | 5     |
      | four five four | FY2017-P05 | 2016-08-02 | 4      | 5    | 4     |
      | five four four | FY2017-P11 | 2017-02-02 | 5      | 4    | 4     |
      | four four four | FY2016-P12 | 2016-02-10 | 4      | 4    | 5     |
      | thirteen fours | FY2017-P12 | 2017-02-10 | 4      | 4    | 4     |
